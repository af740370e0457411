// What this machine offers, and how to get a Backend for it.
#pragma once

#include <cstdint>
#include <functional>
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

/// The device is gone, or in an unknown state: the step has failed, and every later call fails too.
class DeviceLost : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// One way to run on the CPU: an ISA level.
struct Device {
  std::string name;             // "cpu:avx512"; the ISA part is what QUIRE_CPU_ISA takes
  std::string description;      // "AVX-512 with VNNI"
  std::string missing;          // "the CPU has no ...": why this machine cannot run it, or ""
  bool supported = false;       // this machine can run it
  bool chosen = false;          // what make_cpu_backend would take now
  /// `linear` rounds activations that meet dense bf16 weights to bf16, and `attention` the queries and
  /// weights that meet a bf16 cache.
  bool rounds_to_bf16 = false;
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

/// One device of an OpenCL platform, and what small programs compiled and run on it found out.
struct OpenClDevice {
  struct Feature {
    std::string name;  // "integer dot product (PTX dp4a)"
    bool works = false;
  };

  std::string name;         // "opencl:0": what --device takes
  std::string description;  // device, platform, driver
  std::size_t memory = 0;
  std::size_t largest_allocation = 0;
  std::int32_t compute_units = 0;
  std::vector<Feature> features;
  std::string unusable;  // why quire cannot run on it, or ""
};

/// In the order of opencl:N; empty where there is no platform. Compiles the probes.
std::vector<OpenClDevice> list_opencl_devices();

/// How codes of weights meet codes of activations: as 4 x 8 bit dot products, or as f32 multiply-adds of
/// whole numbers, which are as exact and on some devices faster.
enum class CodeProducts : std::uint8_t { unset, bytes, floats };

/// What a tuner may choose for `linear`; 0 or unset = stored by `quire tune`, else the device's default.
/// None of it changes a bit of any result.
struct OpenClTuning {
  std::int32_t lanes = 0;      // that share a panel: 1, 2, 4 or 8
  std::int32_t many_rows = 0;  // rows of a panel at once: 8 or 16
  std::int32_t columns = 0;    // of a work-item: 1, 2, 4, 8 or 16
  CodeProducts products = CodeProducts::unset;
  std::int32_t tile = 0;  // for many rows: 1 to opencl_tiles().size(), 1 = none

  bool operator==(const OpenClTuning&) const = default;
};

/// The tiles that OpenClTuning::tile counts, for people: "none", "64 x 64 (8 x 4 each)".
std::vector<std::string> opencl_tiles();

struct OpenClOptions {
  std::int32_t device = 0;  // N of opencl:N
  OpenClTuning tuning = {};
};

/// Throws DeviceError: no platform, no such device, a device or a program that cannot be used.
std::unique_ptr<Backend> make_opencl_backend(const OpenClOptions& options);

/// One choice of what OpenClOptions leaves to a tuner, and what linear took with it.
struct OpenClTrial {
  OpenClTuning tuning;
  std::vector<double> seconds;  // of 1, 8 and 128 rows
  double score = 0;             // their geometric mean
};

/// Measures choices on the device, one after the other from its defaults on, best first, and stores the
/// best for this device and driver: make_opencl_backend takes it from there. Throws DeviceError.
std::vector<OpenClTrial> tune_opencl(std::int32_t device,
                                     const std::function<void(const OpenClTrial&)>& on_trial);

/// The specification: scalar, double accumulation, one thread. For tests and for doubt.
std::unique_ptr<Backend> make_reference_backend();

}  // namespace quire::kernels
