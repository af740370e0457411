// How one attention call is divided over the threads: contiguous shares of the items (row tile, kv
// head), even in cost; a share may begin and end inside an item, at a partition boundary. The
// division decides who computes what, never a bit of the result.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/kernel_table.h"

namespace quire::kernels::cpu {

/// Partitions [begin, end) of one item.
struct ItemPart {
  std::int64_t item = 0;
  std::int32_t begin = 0;
  std::int32_t end = 0;

  bool empty() const noexcept { return begin >= end; }
};

/// What one thread does: the last partitions of an item, whole items, the first ones of another.
/// Where it is all inside one item, that is `head`.
struct AttentionShare {
  ItemPart head;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  ItemPart tail;
};

struct AttentionWork {
  std::span<const RowTile> tiles;
  std::int32_t kv_heads = 1;
  std::int32_t window = 0;  // 0 = none
};

/// Vectors grow to the largest batch seen and keep their capacity. Thread: engine only; read by the
/// workers during an op.
class AttentionSplit {
 public:
  /// Takes the cost of every tile; returns the sum over all items. A unit is one position of K and
  /// V for one query row and kv head; reading it from memory counts as one more row.
  std::int64_t measure(const AttentionWork& work);

  /// Divides what was measured into `parts` shares. REQUIRES: measure came before, parts >= 1.
  void divide(std::int32_t parts);

  std::span<const AttentionShare> shares() const noexcept { return shares_; }
  /// All partitions of each item that several shares compute, ascending by item.
  std::span<const ItemPart> cut_items() const noexcept { return cut_items_; }

 private:
  /// Where a share begins: at partition `partition` of an item, or at its start where that is 0.
  struct Cut {
    std::int64_t item;
    std::int32_t partition;
  };

  Cut cut_at(std::int64_t target, std::int64_t share) const;
  ItemPart all_of(std::int64_t item) const;
  AttentionShare between(Cut from, Cut to) const;

  AttentionWork work_;
  std::vector<std::int64_t> costs_{0};  // [tiles + 1] of one kv head, summed over the tiles before
  std::vector<AttentionShare> shares_;
  std::vector<ItemPart> cut_items_;
};

}  // namespace quire::kernels::cpu
