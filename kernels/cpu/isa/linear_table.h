// Argument structs and function pointers of the linear and embed kernels; see kernel_table.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quire::kernels::cpu {

struct LinearKernels {};

}  // namespace quire::kernels::cpu
