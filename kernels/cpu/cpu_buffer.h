// f32 memory of the CPU backend, aligned to a cache line, and raw pointers into views of it.
#pragma once

#include <cstddef>

#include "kernels/backend.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/invariant.h"

namespace quire::kernels::cpu {

inline constexpr std::size_t kCacheLine = 64;

/// Zero-filled. Throws DeviceError when memory runs out. Thread: caller synchronises.
class CpuBuffer final : public Buffer {
 public:
  explicit CpuBuffer(std::size_t floats);
  ~CpuBuffer() override;

  std::size_t floats() const noexcept override { return floats_; }
  float* begin() noexcept { return begin_; }
  const float* begin() const noexcept { return begin_; }

 private:
  std::size_t floats_;
  float* begin_;
};

/// Memory of `bytes` bytes at a cache line boundary, contents undefined; freed by free_aligned.
/// Throws DeviceError("out of memory: ...") naming `what`.
void* allocate_aligned(std::size_t bytes, const char* what);
void free_aligned(void* memory) noexcept;

/// REQUIRES: the buffer was made by a CPU backend and holds the whole view.
Rows rows_of(const Matrix& matrix);
ConstRows const_rows_of(const Matrix& matrix);
/// Null for null. REQUIRES: holds at least `floats` elements.
const float* vector_of(const Buffer* buffer, std::int32_t floats);

}  // namespace quire::kernels::cpu
