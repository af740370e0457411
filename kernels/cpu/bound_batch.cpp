#include "kernels/cpu/bound_batch.h"

#include <algorithm>

namespace quire::kernels::cpu {

void BoundBatch::bind(const BatchView& batch) {
  positions_.clear();
  blocks_.clear();
  tiles_.clear();
  shape_ = check_batch(batch);
  for (const SequenceRows& sequence : batch.sequences) append(sequence);
}

void BoundBatch::append(const SequenceRows& sequence) {
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
