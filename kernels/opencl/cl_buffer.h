// f32 memory of the OpenCL backend, and views of it as kernel arguments.
#pragma once

#include "kernels/backend.h"
#include "kernels/opencl/cl_context.h"

namespace quire::kernels::opencl {

/// Zero-filled. Thread: caller synchronises.
class ClBuffer final : public Buffer {
 public:
  /// Throws DeviceError when memory runs out.
  ClBuffer(ClContext& context, std::size_t floats);

  std::size_t floats() const noexcept override { return floats_; }
  cl_mem memory() const noexcept { return memory_.get(); }

 private:
  std::size_t floats_;
  ClMemory memory_;
};

/// View of common.cl.
struct View {
  cl_ulong offset;
  cl_uint stride;
  cl_uint cols;
};
static_assert(sizeof(View) == 16, "a view has the layout of common.cl");

/// REQUIRES: the buffer was made by an OpenCL backend and holds the whole view.
View view_of(const Matrix& matrix);
cl_mem memory_of(const Matrix& matrix);
/// Null for null. REQUIRES: holds at least `floats` elements.
cl_mem vector_of(const Buffer* buffer, std::int32_t floats);

/// Device memory that grows to the largest call seen and keeps its size. Contents are undefined.
/// Thread: engine only.
class ClScratch {
 public:
  /// Throws DeviceLost when memory runs out.
  cl_mem reserve(ClContext& context, std::size_t bytes);

 private:
  ClMemory memory_;
};

}  // namespace quire::kernels::opencl
