// Run-time choice of the CPU's instruction set level as an ordinary object: list it, print it,
// force it with QUIRE_CPU_ISA.
#pragma once

#include <span>
#include <string>

#include "kernels/cpu/kernel_table.h"

namespace quire::kernels::cpu {

/// One compiled-in level. Immutable, static lifetime. Thread: any.
struct IsaLevel {
  const char* name;         // "avx512": what QUIRE_CPU_ISA takes
  const char* description;  // "AVX-512 with VNNI"
  const KernelTable* kernels;
  const char* (*missing)();  // what this machine lacks to run it; null where it can

  bool supported() const { return missing() == nullptr; }
};

/// Best first; the last ("portable") runs everywhere.
std::span<const IsaLevel> isa_levels();

/// The level called `forced`; if that is empty, the one that QUIRE_CPU_ISA names; if that is unset
/// or empty, the first that is supported. Throws DeviceError naming the value, what
/// the machine lacks, and what is supported.
const IsaLevel& choose_isa(const std::string& forced);

}  // namespace quire::kernels::cpu
