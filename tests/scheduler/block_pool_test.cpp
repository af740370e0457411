#include "scheduler/block_pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "fake_runner.h"

namespace quire::scheduler {
namespace {

struct Fixture {
  explicit Fixture(std::int32_t blocks)
      : pool(blocks, [this](BlockId id) { evicted.push_back(id); }) {}

  BlockLease take() { return *pool.allocate(); }
  BlockId cache_one() {
    BlockLease lease = take();
    pool.mark_indexed(lease.id());
    return lease.id();
  }

  std::vector<BlockId> evicted;
  BlockPool pool;
};

TEST(BlockPool, HandsOutEachBlockOnce) {
  Fixture f(3);
  const BlockLease a = f.take(), b = f.take(), c = f.take();
  EXPECT_NE(a.id(), b.id());
  EXPECT_NE(b.id(), c.id());
  EXPECT_NE(a.id(), c.id());
  EXPECT_FALSE(f.pool.allocate().has_value());
  EXPECT_EQ(f.pool.in_use(), 3);
  EXPECT_EQ(f.pool.available(), 0);
}

TEST(BlockPool, ReturnsBlockWhenLastReferenceDies) {
  Fixture f(1);
  std::optional<BlockLease> first = f.pool.allocate();
  {
    const BlockLease second = f.pool.share(first->id());
    EXPECT_EQ(f.pool.references(second.id()), 2);
    first.reset();
    EXPECT_EQ(f.pool.in_use(), 1);
  }
  EXPECT_EQ(f.pool.in_use(), 0);
  EXPECT_EQ(f.pool.free(), 1);
}

TEST(BlockPool, MovedLeaseCountsOnce) {
  Fixture f(2);
  BlockLease a = f.take();
  BlockLease b = std::move(a);
  BlockLease c = f.take();
  c = std::move(b);
  EXPECT_EQ(f.pool.references(c.id()), 1);
  EXPECT_EQ(f.pool.free() + f.pool.in_use(), 2);
}

TEST(BlockPool, KeepsIndexedBlocksCached) {
  Fixture f(2);
  const BlockId cached = f.cache_one();
  EXPECT_EQ(f.pool.cached(), 1);
  EXPECT_EQ(f.pool.free(), 1);
  const BlockLease again = f.pool.share(cached);
  EXPECT_EQ(f.pool.cached(), 0);
  EXPECT_EQ(f.pool.in_use(), 1);
  EXPECT_TRUE(f.evicted.empty());
}

TEST(BlockPool, EvictsTheLeastRecentlyUsedAndOnlyWhenNothingIsFree) {
  Fixture f(3);
  std::vector<BlockLease> leases;
  for (int i = 0; i < 3; ++i) leases.push_back(f.take());
  const BlockId plain = leases[0].id(), older = leases[1].id(), newer = leases[2].id();
  f.pool.mark_indexed(older);
  f.pool.mark_indexed(newer);
  while (!leases.empty()) leases.erase(leases.begin());  // `older` is given back before `newer`

  const BlockLease touched = f.pool.share(older);  // now the more recently used
  EXPECT_EQ(f.take().id(), plain);
  leases.push_back(f.take());
  leases.push_back(f.take());
  EXPECT_EQ(leases[0].id(), plain);
  EXPECT_EQ(leases[1].id(), newer);
  EXPECT_EQ(f.evicted, std::vector{newer});
  EXPECT_FALSE(f.pool.indexed(newer));
  EXPECT_TRUE(f.pool.indexed(older));
}

TEST(BlockTable, GivesTheTailBackFirst) {
  Fixture f(4);
  BlockTable table;
  for (int i = 0; i < 3; ++i) {
    table.push_back(f.take());
    f.pool.mark_indexed(table.ids().back());
  }
  const std::vector<BlockId> order(table.ids().rbegin(), table.ids().rend());
  table.clear();
  std::vector<BlockLease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(f.take());
  EXPECT_EQ(f.evicted, order);
}

TEST(BlockTable, ReplacesABlockInPlace) {
  Fixture f(3);
  BlockTable table;
  table.push_back(f.take());
  table.push_back(f.take());
  const BlockId out = table.ids()[0], kept = table.ids()[1];
  table.replace(0, f.take());
  EXPECT_EQ(table.size(), 2);
  EXPECT_NE(table.ids()[0], out);
  EXPECT_EQ(table.ids()[1], kept);
  EXPECT_EQ(f.pool.references(out), 0);
}

TEST(BlockPool, CountsAgreeWithARecountOverRandomOperations) {
  testing::Random random(7);
  Fixture f(9);
  std::vector<BlockLease> leases;
  for (int i = 0; i < 50'000; ++i) {
    const std::int32_t action = random.between(0, 3);
    if (action == 0) {
      if (auto lease = f.pool.allocate()) leases.push_back(std::move(*lease));
    } else if (!leases.empty()) {
      const auto at =
          static_cast<std::size_t>(random.between(0, static_cast<std::int32_t>(leases.size()) - 1));
      const BlockId id = leases[at].id();
      if (action == 1) leases.erase(leases.begin() + static_cast<std::ptrdiff_t>(at));
      if (action == 2 && leases.size() < 30) leases.push_back(f.pool.share(id));
      if (action == 3 && !f.pool.indexed(id)) f.pool.mark_indexed(id);
    }
    std::int32_t in_use = 0, cached = 0;
    for (std::int32_t b = 0; b < f.pool.total(); ++b) {
      const BlockId id{b};
      const auto held = std::ranges::count(leases, id, &BlockLease::id);
      ASSERT_EQ(f.pool.references(id), held);
      in_use += held > 0 ? 1 : 0;
      cached += held == 0 && f.pool.indexed(id) ? 1 : 0;
    }
    ASSERT_EQ(f.pool.in_use(), in_use);
    ASSERT_EQ(f.pool.cached(), cached);
    ASSERT_EQ(f.pool.free() + f.pool.cached() + f.pool.in_use(), f.pool.total());
  }
}

TEST(BlockPoolDeathTest, RefusesToShareAFreeBlock) {
  Fixture f(1);
  EXPECT_DEATH((void)f.pool.share(BlockId{0}), "only a block in use or in the index");
}

}  // namespace
}  // namespace quire::scheduler
