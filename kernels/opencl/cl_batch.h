// The batch bound by begin_step as the kernels want it: one array of integers on the device, written
// once per step, and the list of what attention computes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/backend.h"
#include "kernels/op_checks.h"
#include "kernels/opencl/staged_ints.h"

namespace quire::kernels::opencl {

/// Most rows of one sequence that attention takes together.
inline constexpr std::int32_t kTileRows = 8;
/// Positions of one partial result of attention: POSITIONS of cl/attention.cl.
inline constexpr std::int32_t kPartition = 256;

/// Thread: engine only.
class ClBatch {
 public:
  /// Consecutive rows of one sequence; its items are its partitions, ascending.
  struct Tile {
    std::int32_t first_row = 0;
    std::int32_t rows = 0;
    std::int32_t first_position = 0;
    std::int32_t table = 0;  // where its block table begins in the ints
    std::int32_t first_item = 0;
    std::int32_t items = 0;
  };

  /// REQUIRES: sequences follow each other without gaps, block tables cover their rows.
  void bind(ClContext& context, const BatchView& batch);

  std::int32_t rows() const noexcept { return shape_.rows; }
  BoundShape shape() const noexcept { return shape_; }
  std::span<const Tile> tiles() const noexcept { return tiles_; }
  /// Most rows of a tile, most items of a tile.
  std::int32_t tile_rows() const noexcept { return tile_rows_; }
  std::int32_t tile_items() const noexcept { return tile_items_; }

  /// The device's copy: positions [rows], where each row's block table begins [rows], tiles, items
  /// (tile, partition), block tables.
  cl_mem ints() const noexcept { return ints_.memory(); }
  cl_uint tables_at() const noexcept { return static_cast<cl_uint>(rows()); }
  cl_uint tiles_at() const noexcept { return 2 * static_cast<cl_uint>(rows()); }
  cl_uint items_at() const noexcept { return items_at_; }

 private:
  void cut_tiles(const BatchView& batch);
  void write(const BatchView& batch, std::vector<std::int32_t>& ints) const;

  BoundShape shape_;
  std::int32_t items_ = 0;
  std::int32_t tile_rows_ = 0;
  std::int32_t tile_items_ = 0;
  cl_uint items_at_ = 0;
  std::vector<Tile> tiles_;
  StagedInts ints_;
};

}  // namespace quire::kernels::opencl
