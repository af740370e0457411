#include "tests/kernels/emulated_level.h"

#include "kernels/cpu/cpu_backend.h"
#if defined(__x86_64__)
#include "tests/kernels/amx_emulator.h"
#endif

namespace quire::kernels {
#if defined(__x86_64__)
namespace avx2vnni_evex {
extern const cpu::KernelTable kKernels;
}
#endif
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

/// The instructions of `avx2vnni` exist in AVX-512 too, encoded otherwise.
std::string missing_for_avx2vnni_code() {
#if defined(__x86_64__)
  const bool has = __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  return has ? "" : "its code in the encoding of AVX-512 takes AVX-512 VL and VNNI";
#else
  return "it is for x86-64";
#endif
}

std::string missing_to_stand_in(const std::string& isa) {
  if (isa == "amx") return provide_amx_level();
  if (isa == "avx2vnni") return missing_for_avx2vnni_code();
  return "there is no emulator for it";
}

}  // namespace

std::string missing_to_test(const Device& device) {
  if (device.supported) return "";
  const std::string missing = missing_to_stand_in(isa_of(device));
  return missing.empty() ? "" : device.missing + ", and " + missing;
}

std::unique_ptr<Backend> make_level_backend(const Device& device, std::int32_t threads) {
  const std::string isa = isa_of(device);
  if (device.supported) return make_cpu_backend({.threads = threads, .isa = isa});
  for (const cpu::IsaLevel& level : cpu::isa_levels()) {
    if (level.name != isa) continue;
    (void)missing_to_test(device);  // the emulator comes first again, whatever ran since it was asked
#if defined(__x86_64__)
    static cpu::IsaLevel avx2vnni;
    if (isa == "avx2vnni") {
      avx2vnni = level;
      avx2vnni.kernels = &avx2vnni_evex::kKernels;
      return std::make_unique<cpu::CpuBackend>(avx2vnni, threads);
    }
#endif
    return std::make_unique<cpu::CpuBackend>(level, threads);
  }
  return nullptr;
}

}  // namespace quire::kernels
