// Runs AMX code on machines without AMX, for tests: a SIGILL handler executes the instruction that
// the CPU refused on tile registers of the thread (amx_tiles.h), and steps over it. The product
// never does this; it costs microseconds per instruction.
#pragma once

#include <string>

#include "tests/kernels/amx_tiles.h"

namespace quire::kernels::emulation {

/// Whether the CPU and the operating system give this process AMX with bf16 and int8.
bool hardware_has_amx();

/// Makes AMX instructions work from here on, on every thread, until somebody else handles SIGILL (compilers inside
/// of OpenCL drivers do): ask again before tiles are used again, while no thread uses any. An illegal
/// instruction that is not AMX still ends it; one that breaks a rule of AMX says which and aborts.
/// Returns "" or, where that is impossible, the reason. Nothing happens where the hardware has AMX.
/// Thread: one at a time.
std::string provide_amx();

/// Whether the calling thread's tiles are configured. REQUIRES: not on hardware with AMX.
bool tiles_are_configured();

}  // namespace quire::kernels::emulation
