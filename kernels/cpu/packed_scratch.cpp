#include "kernels/cpu/packed_scratch.h"

#include "kernels/cpu/cpu_buffer.h"

namespace quire::kernels::cpu {

ScratchBytes::~ScratchBytes() {
  free_aligned(begin_);
}

void* ScratchBytes::reserve(std::size_t bytes) {
  if (bytes > bytes_) {
    void* larger = allocate_aligned(bytes, "the scratch of an op");
    free_aligned(begin_);
    begin_ = larger;
    bytes_ = bytes;
  }
  return begin_;
}

}  // namespace quire::kernels::cpu
