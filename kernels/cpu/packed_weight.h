// A weight matrix packed for this backend: one form that linear streams by panel and embed reads by
// row, so an embedding tied to the output head is held once.
#pragma once

#include "kernels/cpu/packed_layout.h"
#include "kernels/cpu/packed_memory.h"
#include "kernels/weight.h"

namespace quire::kernels::cpu {

/// Thread: any, once packed.
class PackedWeight final : public Weight {
 public:
  /// Memory for the panels of `source`, still to be written (pack_panel). Throws DeviceError for a
  /// bit width, group or shape that the format does not have, and when memory runs out.
  PackedWeight(const WeightSource& source, CodeOrder order, WeightArena& arena);

  std::int32_t rows() const noexcept override { return view_.rows; }
  std::int32_t cols() const noexcept override { return view_.cols; }
  std::size_t bytes() const noexcept override { return memory_.bytes; }

  const PackedView& view() const noexcept { return view_; }
  std::byte* panel(std::int32_t index) noexcept {
    return memory_.begin + static_cast<std::size_t>(index) * view_.panel_bytes;
  }

 private:
  WeightMemory memory_;
  PackedView view_;
};

/// REQUIRES: the weight was prepared by a CPU backend.
const PackedView& view_of(const Weight& weight);

}  // namespace quire::kernels::cpu
