// What the OpenCL platforms of this machine offer, read once and copied.
#pragma once

#include <CL/cl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace quire::kernels::opencl {

/// Plain facts; the ids stay valid for the life of the process. Thread: any.
struct ClDevice {
  cl_platform_id platform = nullptr;
  cl_device_id id = nullptr;
  std::int32_t index = 0;  // N of opencl:N
  std::string name;
  std::string platform_name;
  std::string driver;      // version
  std::string version;     // of OpenCL C
  std::string extensions;  // separated and surrounded by spaces
  std::size_t memory = 0;
  std::size_t largest_allocation = 0;
  std::size_t local_memory = 0;
  std::size_t work_group = 0;  // most work-items of one
  std::int32_t compute_units = 0;
  bool is_cpu = false;
  std::int32_t float_width = 1;  // f32 of its vectors
  bool shares_host_memory = false;
  bool rounds_division = false;  // takes -cl-fp32-correctly-rounded-divide-sqrt

  bool has_extension(const std::string& extension) const {
    return extensions.find(" " + extension + " ") != std::string::npos;
  }
};

/// "opencl:1"
std::string name_of(std::int32_t index);

/// All devices of all platforms in the platforms' order; empty where there is no platform.
std::vector<ClDevice> find_devices();

/// Why quire cannot run on it ("its work-groups hold 64 work-items, 256 are needed"), or "".
std::string unusable_reason(const ClDevice& device);

/// Number `index`. Throws DeviceError: no platform, no such device (names those that exist), or an
/// unusable one.
ClDevice device_at(std::int32_t index);

}  // namespace quire::kernels::opencl
