// Memory of one attention call: what its threads work with, and the partial results of the items
// that several threads share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/attention_split.h"
#include "kernels/cpu/packed_scratch.h"

namespace quire::kernels::cpu {

/// Grows to the largest call seen, never per token. Thread: engine only; read by the workers during
/// an op.
class AttentionScratch {
 public:
  /// Makes room for `threads` threads and for every partition of `cut_items`, ascending by item.
  void reserve(const AttentionItems& items, std::span<const ItemPart> cut_items,
               std::int32_t threads);

  /// Where `part`, of an item among `cut_items`, keeps its partial results.
  AttentionPiece piece(const ItemPart& part) const;
  /// kAttentionScratchRecords records for one thread.
  float* working(std::int64_t thread) const;

 private:
  struct Room {
    ItemPart item;
    std::int64_t first;             // float of its first partition
    std::int64_t partition_floats;  // queries * record
  };

  std::vector<Room> rooms_;
  std::int64_t working_floats_ = 0;
  ScratchBytes partials_, working_;
  std::size_t partials_bytes_ = 0;
  float* partials_begin_ = nullptr;
  float* working_begin_ = nullptr;
};

}  // namespace quire::kernels::cpu
