#include "kernels/cpu/attention_scratch.h"

#include <algorithm>

#include "kernels/invariant.h"

namespace quire::kernels::cpu {

void AttentionScratch::reserve(const AttentionItems& items, std::span<const ItemPart> cut_items,
                               std::int32_t threads) {
  rooms_.clear();
  std::int64_t floats = 0;
  for (const ItemPart& item : cut_items) {
    const std::int32_t rows = items.tiles[item.item / items.cache.kv_heads].rows;
    rooms_.push_back({item, floats, std::int64_t{rows} * items.heads_per_kv * items.record});
    floats += rooms_.back().partition_floats * (item.end - item.begin);
  }
  // A growing context needs a partition more every kPartition steps; half as much again spares
  // most of these moments.
  const std::size_t bytes = static_cast<std::size_t>(floats) * sizeof(float);
  if (bytes > partials_bytes_) partials_bytes_ = bytes + bytes / 2;
  partials_begin_ = static_cast<float*>(partials_.reserve(partials_bytes_));
  working_floats_ = std::int64_t{kAttentionScratchRecords} * items.record;
  working_begin_ = static_cast<float*>(
      working_.reserve(static_cast<std::size_t>(working_floats_ * threads) * sizeof(float)));
}

AttentionPiece AttentionScratch::piece(const ItemPart& part) const {
  const auto room = std::find_if(rooms_.begin(), rooms_.end(),
                                 [&](const Room& each) { return each.item.item == part.item; });
  INVARIANT(room != rooms_.end() && part.begin >= room->item.begin && part.end <= room->item.end,
            "a piece belongs to a cut item");
  float* first = partials_begin_ + room->first +
                 (part.begin - room->item.begin) * room->partition_floats;
  return {part.item, part.begin, part.end, first};
}

float* AttentionScratch::working(std::int64_t thread) const {
  return working_begin_ + thread * working_floats_;
}

}  // namespace quire::kernels::cpu
