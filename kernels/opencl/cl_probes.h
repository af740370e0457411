// What a device can do beyond OpenCL C 1.2, found by compiling and running small programs.
#pragma once

#include <vector>

#include "kernels/opencl/cl_devices.h"

namespace quire::kernels::opencl {

enum class Feature { half_arithmetic, subgroups, khr_dot_product, ptx_dot_product, ptx_matrix };

struct Probe {
  Feature feature;
  const char* name;  // for people
  bool works = false;
};

/// Every feature. A program is compiled only where the device claims the extension behind it: a
/// compiler may die of inline assembly that it does not know. Throws DeviceError when not even a
/// context can be made.
std::vector<Probe> probe(const ClDevice& device);

/// Value of DOT_PATH of common.cl: the best one that works.
int dot_path(const ClDevice& device);

}  // namespace quire::kernels::opencl
