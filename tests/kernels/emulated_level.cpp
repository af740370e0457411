#include "tests/kernels/emulated_level.h"

#include "kernels/cpu/cpu_backend.h"
#if defined(__x86_64__)
#include "tests/kernels/amx_emulator.h"
#endif

namespace quire::kernels {
namespace {

std::string isa_of(const Device& device) {
  return device.name.substr(device.name.find(':') + 1);
}

/// Everything that the level `amx` uses besides tiles.
std::string provide_amx_level() {
#if defined(__x86_64__)
  const bool vectors = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") &&
                       __builtin_cpu_supports("avx512bf16");
  return vectors ? emulation::provide_amx() : "emulating its tiles takes AVX-512 with BF16";
#else
  return "it is for x86-64";
#endif
}

}  // namespace

std::string missing_to_test(const Device& device) {
  if (device.supported) return "";
  const std::string missing =
      isa_of(device) == "amx" ? provide_amx_level() : "there is no emulator for it";
  return missing.empty() ? "" : device.missing + ", and " + missing;
}

std::unique_ptr<Backend> make_level_backend(const Device& device, std::int32_t threads) {
  const std::string isa = isa_of(device);
  if (device.supported) return make_cpu_backend({.threads = threads, .isa = isa});
  for (const cpu::IsaLevel& level : cpu::isa_levels()) {
    if (level.name == isa) return std::make_unique<cpu::CpuBackend>(level, threads);
  }
  return nullptr;
}

}  // namespace quire::kernels
