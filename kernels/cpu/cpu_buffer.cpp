#include "kernels/cpu/cpu_buffer.h"

#include <algorithm>
#include <new>
#include <string>

#include "kernels/devices.h"

namespace quire::kernels::cpu {

void* allocate_aligned(std::size_t bytes, const char* what) {
  void* memory =
      ::operator new (std::max<std::size_t>(bytes, 1), std::align_val_t{kCacheLine}, std::nothrow);
  if (memory == nullptr) {
    throw DeviceError("out of memory: " + std::to_string(bytes) + " bytes for " + what);
  }
  return memory;
}

void free_aligned(void* memory) noexcept {
  ::operator delete (memory, std::align_val_t{kCacheLine});
}

CpuBuffer::CpuBuffer(std::size_t floats)
    : floats_(floats),
      begin_(static_cast<float*>(allocate_aligned(floats * sizeof(float), "a buffer"))) {
  std::fill_n(begin_, floats, 0.0F);
}

CpuBuffer::~CpuBuffer() {
  free_aligned(begin_);
}

Rows rows_of(const Matrix& matrix) {
  INVARIANT(matrix.buffer != nullptr, "a matrix has a buffer");
  INVARIANT(matrix.rows >= 0 && matrix.cols >= 0 && matrix.stride >= matrix.cols,
            "a matrix has a valid shape");
  const auto stride = static_cast<std::size_t>(matrix.stride);
  if (matrix.rows > 0) {
    const std::size_t end = matrix.offset + static_cast<std::size_t>(matrix.rows - 1) * stride +
                            static_cast<std::size_t>(matrix.cols);
    INVARIANT(end <= matrix.buffer->floats(), "a matrix lies inside its buffer");
  }
  return {static_cast<CpuBuffer*>(matrix.buffer)->begin() + matrix.offset, stride};
}

ConstRows const_rows_of(const Matrix& matrix) {
  const Rows rows = rows_of(matrix);
  return {rows.first, rows.stride};
}

const float* vector_of(const Buffer* buffer, std::int32_t floats) {
  if (buffer == nullptr) return nullptr;
  INVARIANT(static_cast<std::size_t>(floats) <= buffer->floats(), "a vector is long enough");
  return static_cast<const CpuBuffer*>(buffer)->begin();
}

}  // namespace quire::kernels::cpu
