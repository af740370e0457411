// Memory of packed weights and of the KV cache: 64-byte aligned, on huge pages where the system
// grants them (both are streamed once per step, so page walks would be paid on every byte read).
#pragma once

#include <cstddef>
#include <memory>

namespace quire::kernels::cpu {

/// Owns uninitialised bytes. Throws DeviceError naming `what` when memory runs out.
/// Thread: caller synchronises.
class PackedMemory {
 public:
  explicit PackedMemory(std::size_t bytes, const char* what = "a packed weight");
  PackedMemory(const PackedMemory&) = delete;
  PackedMemory& operator=(const PackedMemory&) = delete;
  ~PackedMemory();

  std::byte* begin() const noexcept { return begin_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::byte* begin_;
  std::size_t bytes_;
};

/// A piece of a WeightArena; its slab is freed with the last piece.
struct WeightMemory {
  std::shared_ptr<PackedMemory> slab;
  std::byte* begin = nullptr;
  std::size_t bytes = 0;
};

/// Weights one behind the other in large slabs, so that those below a huge page's size share huge
/// pages too. Thread: caller synchronises.
class WeightArena {
 public:
  /// 64-byte aligned, uninitialised. Throws DeviceError when memory runs out.
  WeightMemory take(std::size_t bytes);

 private:
  std::shared_ptr<PackedMemory> slab_;
  std::size_t used_ = 0;
};

}  // namespace quire::kernels::cpu
