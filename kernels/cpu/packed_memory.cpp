#include "kernels/cpu/packed_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "kernels/devices.h"

namespace quire::kernels::cpu {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kCacheLine = 64;
/// A weight of half a slab or more has memory of its own.
constexpr std::size_t kSlab = std::size_t{64} << 20;

std::size_t round_up(std::size_t bytes, std::size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

}  // namespace

PackedMemory::PackedMemory(std::size_t bytes, const char* what)
    : begin_(nullptr), bytes_(bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t rounded = round_up(bytes, alignment);
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

WeightMemory WeightArena::take(std::size_t bytes) {
  if (bytes >= kSlab / 2) {
    auto own = std::make_shared<PackedMemory>(bytes);
    std::byte* begin = own->begin();
    return {std::move(own), begin, bytes};
  }
  // Pages that no weight reaches are never touched, so the end of a slab costs no memory.
  if (!slab_ || used_ + bytes > slab_->bytes()) {
    slab_ = std::make_shared<PackedMemory>(kSlab);
    used_ = 0;
  }
  std::byte* begin = slab_->begin() + used_;
  used_ += round_up(bytes, kCacheLine);
  return {slab_, begin, bytes};
}

}  // namespace quire::kernels::cpu
