#include "kernels/cpu/attention_split.h"

#include <algorithm>

#include "kernels/invariant.h"

namespace quire::kernels::cpu {
namespace {

/// An item is cut only where it is more than this part of a share: finer is not worth a merge.
constexpr std::int64_t kCutShare = 8;

/// Positions that the rows of a tile see together: [begin, end).
struct Positions {
  std::int32_t begin;
  std::int32_t end;
};

Positions seen_by(const RowTile& tile, std::int32_t window) {
  const std::int32_t first = tile.first_position;
  return {window > 0 && first >= window ? first - window + 1 : 0, first + tile.rows};
}

std::int64_t cost_per_position(const RowTile& tile) {
  return tile.rows + 1;
}

}  // namespace

std::int64_t AttentionSplit::measure(const AttentionWork& work) {
  work_ = work;
  costs_.assign(1, 0);
  for (const RowTile& tile : work.tiles) {
    const Positions seen = seen_by(tile, work.window);
    costs_.push_back(costs_.back() + cost_per_position(tile) * (seen.end - seen.begin));
  }
  return costs_.back() * work.kv_heads;
}

void AttentionSplit::divide(std::int32_t parts) {
  INVARIANT(parts >= 1, "attention has a thread");
  shares_.clear();
  cut_items_.clear();
  const std::int64_t total = costs_.back() * work_.kv_heads;
  const std::int64_t share = std::max<std::int64_t>(1, total / parts);
  Cut from = {0, 0};
  for (std::int32_t part = 1; part <= parts; ++part) {
    const auto items = static_cast<std::int64_t>(work_.tiles.size()) * work_.kv_heads;
    const Cut to = part == parts ? Cut{items, 0} : cut_at(total / parts * part, share);
    shares_.push_back(between(from, to));
    if (to.partition > 0 && (cut_items_.empty() || cut_items_.back().item != to.item)) {
      cut_items_.push_back(all_of(to.item));
    }
    from = to;
  }
}

AttentionSplit::Cut AttentionSplit::cut_at(std::int64_t target, std::int64_t share) const {
  const auto tiles = static_cast<std::int64_t>(work_.tiles.size());
  const auto after = std::upper_bound(costs_.begin(), costs_.end(), target / work_.kv_heads);
  const std::int64_t index = after - costs_.begin() - 1;
  if (index >= tiles) return {tiles * work_.kv_heads, 0};
  const auto at = static_cast<std::size_t>(index);
  const std::int64_t cost = costs_[at + 1] - costs_[at];
  const std::int64_t rest = target - costs_[at] * work_.kv_heads;
  const std::int64_t item = index * work_.kv_heads + rest / cost;
  const std::int64_t inside = rest % cost;
  if (cost * kCutShare < share) return {item + (2 * inside < cost ? 0 : 1), 0};
  const RowTile& tile = work_.tiles[at];
  const Positions seen = seen_by(tile, work_.window);
  const std::int64_t position = seen.begin + inside / cost_per_position(tile);
  const auto partition = static_cast<std::int32_t>((position + kPartition / 2) / kPartition);
  if (partition * kPartition <= seen.begin) return {item, 0};
  if (partition * kPartition >= seen.end) return {item + 1, 0};
  return {item, partition};
}

ItemPart AttentionSplit::all_of(std::int64_t item) const {
  const RowTile& tile = work_.tiles[static_cast<std::size_t>(item / work_.kv_heads)];
  const Positions seen = seen_by(tile, work_.window);
  return {item, seen.begin / kPartition, (seen.end + kPartition - 1) / kPartition};
}

AttentionShare AttentionSplit::between(Cut from, Cut to) const {
  AttentionShare share;
  if (from.item == to.item && to.partition > 0) {
    share.head = all_of(from.item);
    if (from.partition > 0) share.head.begin = from.partition;
    share.head.end = to.partition;
    share.begin = share.end = to.item;
    return share;
  }
  share.begin = from.item;
  share.end = to.item;
  if (from.partition > 0) {
    share.head = all_of(from.item);
    share.head.begin = from.partition;
    ++share.begin;
  }
  if (to.partition > 0) {
    share.tail = all_of(to.item);
    share.tail.end = to.partition;
  }
  return share;
}

}  // namespace quire::kernels::cpu
