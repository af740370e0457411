#include "kernels/cpu/packed_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string>

#include "kernels/devices.h"

namespace quire::kernels::cpu {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kCacheLine = 64;
}  // namespace

PackedMemory::PackedMemory(std::size_t bytes, const char* what)
    : begin_(nullptr), bytes_(bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  begin_ =
      static_cast<std::byte*>(std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded));
  if (begin_ == nullptr) {
    throw DeviceError("out of memory: " + std::to_string(bytes) + " bytes for " + what);
  }
  // Advice only: small pages are slower, not wrong.
  if (alignment == kHugePage) (void)madvise(begin_, rounded, MADV_HUGEPAGE);
}

PackedMemory::~PackedMemory() {
  std::free(begin_);
}

}  // namespace quire::kernels::cpu
