// Integers of one step on their way to the device, written without waiting: the host's copies take
// turns, and one is used again only when its last write is done.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/opencl/cl_buffer.h"

namespace quire::kernels::opencl {

/// Memory grows to the largest batch seen. Thread: engine only.
class StagedInts {
 public:
  ~StagedInts();

  /// An empty vector to fill. Waits only if the device is kTurns writes behind.
  std::vector<std::int32_t>& begin();
  /// Starts the write of what was filled; kernels started from now on see it.
  cl_mem send(ClContext& context);
  /// Where the last send wrote.
  cl_mem memory() const noexcept { return memory_; }

 private:
  static constexpr std::size_t kTurns = 4;
  struct Turn {
    std::vector<std::int32_t> ints;
    EventHandle written;
  };

  std::array<Turn, kTurns> turns_;
  std::size_t turn_ = 0;
  ClScratch scratch_;
  cl_mem memory_ = nullptr;
};

}  // namespace quire::kernels::opencl
