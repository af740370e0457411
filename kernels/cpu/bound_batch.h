// The batch bound by begin_step, as the kernels want it: each row's position and block table, and
// row tiles.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/op_checks.h"

namespace quire::kernels::cpu {

/// Vectors grow to the largest batch seen and keep their capacity. Thread: engine only; read by the
/// workers during an op.
class BoundBatch {
 public:
  /// REQUIRES: sequences follow each other without gaps, block tables cover their rows. Keeps the
  /// pointers to the block tables.
  void bind(const BatchView& batch);

  std::int32_t rows() const noexcept { return shape_.rows; }
  std::span<const std::int32_t> positions() const noexcept { return positions_; }
  std::span<const BlockId* const> blocks() const noexcept { return blocks_; }
  std::span<const RowTile> tiles() const noexcept { return tiles_; }
  BoundShape shape() const noexcept { return shape_; }

 private:
  void append(const SequenceRows& sequence);

  std::vector<std::int32_t> positions_;
  std::vector<const BlockId*> blocks_;
  std::vector<RowTile> tiles_;
  BoundShape shape_;
};

}  // namespace quire::kernels::cpu
