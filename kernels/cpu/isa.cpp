#include "kernels/cpu/isa.h"

#include <cstdlib>
#include <vector>

#include "kernels/cpu/amx_support.h"
#include "kernels/devices.h"

namespace quire::kernels {

namespace portable {
extern const cpu::KernelTable kKernels;
}
#if defined(__x86_64__)
namespace avx2 {
extern const cpu::KernelTable kKernels;
}
namespace avx2vnni {
extern const cpu::KernelTable kKernels;
}
namespace avx512 {
extern const cpu::KernelTable kKernels;
}
namespace avx512bf16 {
extern const cpu::KernelTable kKernels;
}
namespace amx {
extern const cpu::KernelTable kKernels;
}
#endif

namespace cpu {
namespace {

const char* nothing() {
  return nullptr;
}

#if defined(__x86_64__)
const char* missing_for_avx2() {
  const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("f16c");
  return has ? nullptr : "the CPU has no AVX2 with FMA and F16C";
}

const char* missing_for_avx2_vnni() {
  if (const char* missing = missing_for_avx2()) return missing;
  return __builtin_cpu_supports("avxvnni") ? nullptr : "the CPU has no AVX-VNNI";
}

const char* missing_for_avx512() {
  if (const char* missing = missing_for_avx2()) return missing;
  const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vnni");
  return has ? nullptr : "the CPU has no AVX-512 F, BW, DQ, VL and VNNI";
}

const char* missing_for_avx512_bf16() {
  if (const char* missing = missing_for_avx512()) return missing;
  return __builtin_cpu_supports("avx512bf16") ? nullptr : "the CPU has no AVX-512 BF16";
}

const char* missing_for_amx_level() {
  if (const char* missing = missing_for_avx512_bf16()) return missing;
  return missing_for_amx();
}
#endif

const IsaLevel kLevels[] = {
#if defined(__x86_64__)
    {"amx", "AMX tiles of bf16, AVX-512", &amx::kKernels, missing_for_amx_level},
    {"avx512bf16", "AVX-512 with VNNI and BF16", &avx512bf16::kKernels, missing_for_avx512_bf16},
    {"avx512", "AVX-512 with VNNI", &avx512::kKernels, missing_for_avx512},
    {"avx2vnni", "AVX2 with FMA and VNNI", &avx2vnni::kKernels, missing_for_avx2_vnni},
    {"avx2", "AVX2 with FMA", &avx2::kKernels, missing_for_avx2},
#endif
    {"portable", "any CPU", &portable::kKernels, nothing},
};

std::string supported_names() {
  std::string names;
  for (const IsaLevel& level : kLevels) {
    if (!level.supported()) continue;
    if (!names.empty()) names += ", ";
    names += level.name;
  }
  return names;
}

const IsaLevel& level_named(const std::string& name, const std::string& origin) {
  for (const IsaLevel& level : kLevels) {
    if (name != level.name) continue;
    const char* missing = level.missing();
    if (missing == nullptr) return level;
    throw DeviceError(origin + " '" + name + "' (" + level.description +
                      ") is not supported: " + missing + "; supported: " + supported_names());
  }
  throw DeviceError(origin + " '" + name + "' is unknown; supported: " + supported_names());
}

}  // namespace

std::span<const IsaLevel> isa_levels() {
  return kLevels;
}

const IsaLevel& choose_isa(const std::string& forced) {
  if (!forced.empty()) return level_named(forced, "CPU ISA");
  const char* environment = std::getenv("QUIRE_CPU_ISA");
  if (environment != nullptr && *environment != '\0') {
    return level_named(environment, "QUIRE_CPU_ISA");
  }
  for (const IsaLevel& level : kLevels) {
    if (level.supported()) return level;
  }
  throw DeviceError("no CPU ISA level is supported");
}

}  // namespace cpu

std::vector<Device> list_devices() {
  const cpu::IsaLevel& chosen = cpu::choose_isa("");
  std::vector<Device> devices;
  for (const cpu::IsaLevel& level : cpu::isa_levels()) {
    const char* missing = level.missing();
    devices.push_back({.name = std::string("cpu:") + level.name,
                       .description = level.description,
                       .missing = missing == nullptr ? "" : missing,
                       .supported = missing == nullptr,
                       .chosen = &level == &chosen,
                       .rounds_to_bf16 = level.kernels->linear.bf16_panel != nullptr});
  }
  return devices;
}

}  // namespace quire::kernels
