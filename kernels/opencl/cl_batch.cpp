#include "kernels/opencl/cl_batch.h"

#include <algorithm>

namespace quire::kernels::opencl {
namespace {

constexpr std::int32_t kTileInts = 5;  // Tile of cl/attention.cl
constexpr std::int32_t kItemInts = 2;

}  // namespace

void ClBatch::bind(ClContext& context, const BatchView& batch) {
  shape_ = check_batch(batch);
  cut_tiles(batch);
  write(batch, ints_.begin());
  ints_.send(context);
}

void ClBatch::cut_tiles(const BatchView& batch) {
  tiles_.clear();
  items_ = tile_rows_ = tile_items_ = 0;
  std::int32_t table = 0;  // from the first block table on
  for (const SequenceRows& sequence : batch.sequences) {
    for (std::int32_t i = 0; i < sequence.rows; i += kTileRows) {
      const std::int32_t rows = std::min(kTileRows, sequence.rows - i);
      const std::int32_t position = sequence.first_position + i;
      const std::int32_t items = (position + rows - 1) / kPartition + 1;
      tiles_.push_back({sequence.first_row + i, rows, position, table, items_, items});
      items_ += items;
      tile_rows_ = std::max(tile_rows_, rows);
      tile_items_ = std::max(tile_items_, items);
    }
    table += static_cast<std::int32_t>(sequence.blocks.size());
  }
  const auto tiles = static_cast<std::int32_t>(tiles_.size());
  items_at_ = static_cast<cl_uint>(2 * rows() + kTileInts * tiles);
  const std::int32_t first_table = 2 * rows() + kTileInts * tiles + kItemInts * items_;
  for (Tile& tile : tiles_) tile.table += first_table;
}

void ClBatch::write(const BatchView& batch, std::vector<std::int32_t>& ints) const {
  for (const SequenceRows& sequence : batch.sequences) {
    for (std::int32_t i = 0; i < sequence.rows; ++i) ints.push_back(sequence.first_position + i);
  }
  for (const Tile& tile : tiles_) {
    ints.insert(ints.end(), static_cast<std::size_t>(tile.rows), tile.table);
  }
  for (const Tile& tile : tiles_) {
    ints.insert(ints.end(), {tile.first_row, tile.rows, tile.first_position, tile.table,
                             tile.first_item});
  }
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    for (std::int32_t partition = 0; partition < tiles_[t].items; ++partition) {
      ints.insert(ints.end(), {static_cast<std::int32_t>(t), partition});
    }
  }
  for (const SequenceRows& sequence : batch.sequences) {
    for (const BlockId block : sequence.blocks) ints.push_back(static_cast<std::int32_t>(block));
  }
}

}  // namespace quire::kernels::opencl
