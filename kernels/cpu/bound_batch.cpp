#include "kernels/cpu/bound_batch.h"

#include <algorithm>

#include "kernels/invariant.h"

namespace quire::kernels::cpu {

void BoundBatch::bind(const BatchView& batch) {
  positions_.clear();
  blocks_.clear();
  tiles_.clear();
  costs_.assign(1, 0);
  block_limit_ = 0;
  for (const SequenceRows& sequence : batch.sequences) append(sequence);
  INVARIANT(batch.rows == rows(), "the sequences cover the batch");
}

void BoundBatch::append(const SequenceRows& sequence) {
  INVARIANT(sequence.first_row == rows(), "sequences follow each other without gaps");
  INVARIANT(sequence.rows >= 0 && sequence.first_position >= 0, "a sequence has a valid shape");
  const std::size_t end =
      static_cast<std::size_t>(sequence.first_position) + static_cast<std::size_t>(sequence.rows);
  INVARIANT(sequence.rows == 0 || end <= sequence.blocks.size() * std::size_t{kBlockTokens},
            "a block table covers its rows");
  for (const BlockId block : sequence.blocks) {
    INVARIANT(static_cast<std::int32_t>(block) >= 0, "a block id is not negative");
    block_limit_ = std::max(block_limit_, static_cast<std::int32_t>(block) + 1);
  }
  for (std::int32_t i = 0; i < sequence.rows; ++i) {
    positions_.push_back(sequence.first_position + i);
    blocks_.push_back(sequence.blocks.data());
  }
  for (std::int32_t i = 0; i < sequence.rows; i += kTileRows) {
    const std::int32_t count = std::min(kTileRows, sequence.rows - i);
    const std::int32_t position = sequence.first_position + i;
    tiles_.push_back({sequence.first_row + i, count, position, sequence.blocks.data()});
    // Sum of position + 1 over the tile's rows.
    const std::int64_t sum = std::int64_t{count} * (2 * std::int64_t{position} + count + 1) / 2;
    costs_.push_back(costs_.back() + sum);
  }
}

std::int64_t BoundBatch::item_at(std::int64_t part, std::int64_t parts,
                                 std::int64_t kv_heads) const {
  const auto tiles = static_cast<std::int64_t>(tiles_.size());
  if (part >= parts) return tiles * kv_heads;
  // Cost in units of one kv head; `tile` is the one that the part's share begins in.
  const std::int64_t target = attended() * kv_heads / parts * part;
  const auto after = std::upper_bound(costs_.begin(), costs_.end(), target / kv_heads);
  const std::int64_t tile = after - costs_.begin() - 1;
  if (tile >= tiles) return tiles * kv_heads;
  const auto at = static_cast<std::size_t>(tile);
  const std::int64_t inside = target - costs_[at] * kv_heads;
  return tile * kv_heads + std::min(kv_heads - 1, inside / (costs_[at + 1] - costs_[at]));
}

}  // namespace quire::kernels::cpu
