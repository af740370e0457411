// Whether this process may use AMX tiles.
#pragma once

namespace quire::kernels::cpu {

/// Null where the CPU multiplies bf16 tiles and the operating system lets this process; else what is
/// missing. The first call asks Linux for tile state, which holds for all threads of the process from
/// then on (arch_prctl(2), ARCH_REQ_XCOMP_PERM); a thread gets memory for it at its first tile
/// instruction. Thread: any.
const char* missing_for_amx();

}  // namespace quire::kernels::cpu
