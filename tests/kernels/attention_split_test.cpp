#include "kernels/cpu/attention_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace quire::kernels::cpu {
namespace {

struct Batch {
  std::vector<RowTile> tiles;
  std::int32_t kv_heads = 1;
  std::int32_t window = 0;

  AttentionWork work() const { return {tiles, kv_heads, window}; }
  std::int64_t items() const { return static_cast<std::int64_t>(tiles.size()) * kv_heads; }
  const RowTile& tile(std::int64_t item) const {
    return tiles[static_cast<std::size_t>(item / kv_heads)];
  }
  std::int32_t begin(std::int64_t item) const {
    const std::int32_t first = tile(item).first_position;
    return window > 0 ? std::max(0, first - window + 1) : 0;
  }
  std::int32_t end(std::int64_t item) const {
    return tile(item).first_position + tile(item).rows;
  }
  ItemPart all(std::int64_t item) const {
    return {item, begin(item) / kPartition, (end(item) + kPartition - 1) / kPartition};
  }
  /// Rows (and one more) times positions of a part.
  std::int64_t cost(const ItemPart& part) const {
    const std::int32_t from = std::max(begin(part.item), part.begin * kPartition);
    const std::int32_t to = std::min(end(part.item), part.end * kPartition);
    return std::int64_t{tile(part.item).rows + 1} * std::max(0, to - from);
  }
};

Batch random_batch(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::int32_t>(random() % limit);
  };
  Batch batch;
  batch.kv_heads = 1 + below(8);
  batch.window = below(3) == 0 ? 1 + below(900) : 0;
  const std::int32_t tiles = below(4) == 0 ? 1 : 1 + below(40);
  for (std::int32_t i = 0; i < tiles; ++i) {
    const std::int32_t longest = below(2) == 0 ? 10000 : 100;
    batch.tiles.push_back({0, 1 + below(kTileRows), below(static_cast<std::uint32_t>(longest)),
                           nullptr});
  }
  return batch;
}

std::vector<ItemPart> parts_of(const Batch& batch, const AttentionShare& share) {
  std::vector<ItemPart> parts;
  if (!share.head.empty()) parts.push_back(share.head);
  for (std::int64_t item = share.begin; item < share.end; ++item) parts.push_back(batch.all(item));
  if (!share.tail.empty()) parts.push_back(share.tail);
  return parts;
}

TEST(AttentionSplit, GivesEveryPartitionToExactlyOneShare) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Batch batch = random_batch(seed);
    AttentionSplit split;
    split.measure(batch.work());
    for (const std::int32_t count : {1, 2, 3, 7, 64}) {
      split.divide(count);
      ASSERT_EQ(split.shares().size(), static_cast<std::size_t>(count));
      std::map<std::int64_t, std::int32_t> reached;  // item: partitions given out, ascending
      std::set<std::int64_t> pieces;
      for (const AttentionShare& share : split.shares()) {
        for (const ItemPart& part : parts_of(batch, share)) {
          const ItemPart all = batch.all(part.item);
          const auto at = reached.try_emplace(part.item, all.begin).first;
          ASSERT_EQ(part.begin, at->second) << "seed " << seed << ", item " << part.item;
          ASSERT_FALSE(part.empty());
          at->second = part.end;
          if (part.begin != all.begin || part.end != all.end) pieces.insert(part.item);
        }
      }
      ASSERT_EQ(static_cast<std::int64_t>(reached.size()), batch.items()) << "seed " << seed;
      for (const auto& [item, end] : reached) ASSERT_EQ(end, batch.all(item).end);
      std::set<std::int64_t> cut;
      for (const ItemPart& item : split.cut_items()) {
        cut.insert(item.item);
        ASSERT_EQ(item.begin, batch.all(item.item).begin);
        ASSERT_EQ(item.end, batch.all(item.item).end);
      }
      ASSERT_EQ(cut, pieces) << "seed " << seed;
    }
  }
}

// A cut is off by half a partition, or by half of an item that is at most an eighth of a share; a
// share has two.
TEST(AttentionSplit, GivesEveryShareTheSameCost) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Batch batch = random_batch(seed);
    AttentionSplit split;
    const std::int64_t total = split.measure(batch.work());
    std::int64_t partition = 0;
    for (const RowTile& tile : batch.tiles) {
      partition = std::max<std::int64_t>(partition, (tile.rows + 1) * kPartition);
    }
    for (const std::int32_t count : {1, 2, 3, 7}) {
      split.divide(count);
      std::int64_t sum = 0;
      for (const AttentionShare& share : split.shares()) {
        std::int64_t cost = 0;
        for (const ItemPart& part : parts_of(batch, share)) cost += batch.cost(part);
        const std::int64_t fair = total / count;
        EXPECT_LE(std::abs(cost - fair), partition + fair / 8 + count) << "seed " << seed;
        sum += cost;
      }
      EXPECT_EQ(sum, total);
    }
  }
}

TEST(AttentionSplit, CutsOneLongRowAtPartitions) {
  const Batch batch = {.tiles = {{0, 1, 8 * kPartition - 1, nullptr}}};
  AttentionSplit split;
  split.measure(batch.work());
  split.divide(4);
  for (std::int32_t i = 0; i < 4; ++i) {
    const auto parts = parts_of(batch, split.shares()[static_cast<std::size_t>(i)]);
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].begin, 2 * i);
    EXPECT_EQ(parts[0].end, 2 * i + 2);
  }
  EXPECT_EQ(split.cut_items().size(), 1U);
}

TEST(AttentionSplit, TakesAnEmptyBatch) {
  AttentionSplit split;
  EXPECT_EQ(split.measure({}), 0);
  split.divide(1);
  EXPECT_TRUE(split.shares()[0].head.empty());
  EXPECT_EQ(split.shares()[0].begin, split.shares()[0].end);
}

}  // namespace
}  // namespace quire::kernels::cpu
