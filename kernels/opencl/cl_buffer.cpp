#include "kernels/opencl/cl_buffer.h"

#include "kernels/devices.h"
#include "kernels/invariant.h"

namespace quire::kernels::opencl {

ClBuffer::ClBuffer(ClContext& context, std::size_t floats)
    : floats_(floats), memory_(context.allocate_zeros(floats * sizeof(float), "a buffer")) {}

View view_of(const Matrix& matrix) {
  INVARIANT(matrix.rows >= 0 && matrix.cols >= 0 && matrix.stride >= 0, "a matrix has a shape");
  const auto rows = static_cast<std::size_t>(matrix.rows);
  const auto stride = static_cast<std::size_t>(matrix.stride);
  INVARIANT(rows == 0 || matrix.offset + (rows - 1) * stride +
                                 static_cast<std::size_t>(matrix.cols) <=
                             matrix.buffer->floats(),
            "a matrix lies inside its buffer");
  return {matrix.offset, static_cast<cl_uint>(matrix.stride), static_cast<cl_uint>(matrix.cols)};
}

cl_mem memory_of(const Matrix& matrix) {
  return static_cast<const ClBuffer*>(matrix.buffer)->memory();
}

cl_mem vector_of(const Buffer* buffer, std::int32_t floats) {
  if (buffer == nullptr) return nullptr;
  INVARIANT(buffer->floats() >= static_cast<std::size_t>(floats), "a vector is long enough");
  return static_cast<const ClBuffer*>(buffer)->memory();
}

cl_mem ClScratch::reserve(ClContext& context, std::size_t bytes) {
  if (bytes > memory_.bytes()) {
    // The old memory lives until the kernels that use it are done.
    memory_ = ClMemory();
    try {
      memory_ = context.allocate(bytes, "the scratch of an op");
    } catch (const DeviceError& error) {
      context.lose(error.what());
    }
  }
  return memory_.get();
}

}  // namespace quire::kernels::opencl
