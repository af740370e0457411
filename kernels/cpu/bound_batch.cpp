#include "kernels/cpu/bound_batch.h"

#include <algorithm>

#include "kernels/invariant.h"

namespace quire::kernels::cpu {

void BoundBatch::bind(const BatchView& batch) {
  positions_.clear();
  blocks_.clear();
  tiles_.clear();
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
  }
}

}  // namespace quire::kernels::cpu
