// What this machine offers, and how to get a Backend for it.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace quire::kernels {

/// A device that cannot do what was asked: unknown name, ISA not on this machine, out of memory.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One way to run: an ISA level of the CPU backend (later: an OpenCL device).
struct Device {
  std::string name;         // "cpu:avx512"; the ISA part is what QUIRE_CPU_ISA takes
  std::string description;  // "AVX-512 with VNNI"
  bool supported = false;   // this machine can run it
  bool chosen = false;      // what make_cpu_backend would take now
};

/// Every ISA level compiled in, best first. Reads QUIRE_CPU_ISA. Throws DeviceError if that names an
/// unknown or unsupported level.
std::vector<Device> list_devices();

struct CpuOptions {
  std::int32_t threads = 0;  // 0 = every core this process may run on
  std::string isa;           // "" = QUIRE_CPU_ISA, or the best supported
};

/// TBB + SIMD backend. Throws DeviceError (names the value and what is supported).
std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options);

/// The specification: scalar, double accumulation, one thread. For tests and for doubt.
std::unique_ptr<Backend> make_reference_backend();

}  // namespace quire::kernels
