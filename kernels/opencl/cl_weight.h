// A weight in panels on the device: one buffer, so that one weight is bounded by what the device
// allocates at once, and a model is spread over as many buffers as it has matrices.
#pragma once

#include "kernels/opencl/cl_context.h"
#include "kernels/opencl/cl_kernels.h"
#include "kernels/weight.h"

namespace quire::kernels::opencl {

/// Thread: as Weight.
class ClWeight final : public Weight {
 public:
  /// Packs and writes. Throws DeviceError: an unsupported format, a weight that is too large for one
  /// allocation, or memory that runs out.
  ClWeight(ClContext& context, const WeightSource& source);

  std::int32_t rows() const noexcept override { return rows_; }
  std::int32_t cols() const noexcept override { return cols_; }
  std::size_t bytes() const noexcept override { return memory_.bytes(); }

  const PackedFormat& format() const noexcept { return format_; }
  cl_mem memory() const noexcept { return memory_.get(); }

 private:
  std::int32_t rows_, cols_;
  PackedFormat format_;
  ClMemory memory_;
};

const ClWeight& cl_weight(const Weight& weight);

}  // namespace quire::kernels::opencl
