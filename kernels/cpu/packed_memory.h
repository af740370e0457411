// Memory of packed weights and of the KV cache: 64-byte aligned, on huge pages where the system
// grants them (both are streamed once per step, so page walks would be paid on every byte read).
#pragma once

#include <cstddef>

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

}  // namespace quire::kernels::cpu
