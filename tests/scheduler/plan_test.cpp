#include "scheduler/plan.h"

#include <gtest/gtest.h>

#include <vector>

#include "driver.h"

namespace quire::scheduler {
namespace {

using testing::Driver;
using testing::request_of;
using testing::small_config;
using testing::Submitted;

std::int32_t rows_of(const StepPlan& plan, const Submitted& who) {
  for (const Chunk& chunk : plan.chunks) {
    if (chunk.id == who.id) return chunk.rows;
  }
  for (const Admission& admission : plan.admitted) {
    if (admission.id == who.id) return admission.rows;
  }
  return 0;
}

bool admits(const StepPlan& plan, const Submitted& who) {
  return std::ranges::find(plan.admitted, who.id, &Admission::id) != plan.admitted.end();
}

SchedulerConfig without_cache() {
  SchedulerConfig config = small_config();
  config.prefix_cache = false;
  return config;
}

TEST(Plan, ChangesNothingAndRepeatsItself) {
  Driver driver(small_config());
  driver.submit(request_of(100));
  driver.submit(request_of(30, 500));
  driver.step();
  driver.submit(request_of(50, 200));
  const StepPlan first = plan(driver.state(), 64);
  const StepPlan second = plan(driver.state(), 64);
  ASSERT_EQ(first.chunks.size(), second.chunks.size());
  for (std::size_t i = 0; i < first.chunks.size(); ++i) {
    EXPECT_EQ(first.chunks[i].id, second.chunks[i].id);
    EXPECT_EQ(first.chunks[i].rows, second.chunks[i].rows);
  }
  EXPECT_EQ(first.admitted.size(), second.admitted.size());
}

TEST(Plan, IsEmptyForNobody) {
  Driver driver(small_config());
  EXPECT_TRUE(plan(driver.state(), 64).empty());
}

TEST(Plan, CutsAPromptIntoChunksOfTheBudget) {
  Driver driver(small_config());
  const Submitted who = driver.submit(request_of(150));
  for (const std::int32_t rows : {64, 64, 22, 1}) {
    EXPECT_EQ(rows_of(plan(driver.state(), 64), who), rows);
    driver.step();
  }
}

TEST(Plan, GivesDecodeRowsBeforePrefillChunks) {
  Driver driver(small_config());
  const Submitted early = driver.submit(request_of(300, 0));
  driver.step();
  const Submitted decoding = driver.submit(request_of(5, 700, 50));
  driver.step();
  const StepPlan next = plan(driver.state(), 64);
  EXPECT_EQ(next.chunks.front().id, decoding.id);
  EXPECT_EQ(rows_of(next, decoding), 1);
  EXPECT_EQ(rows_of(next, early), 63);
}

TEST(Plan, ShortPromptIsNotHeldUpByALongOne) {
  Driver driver(small_config());
  const Submitted long_one = driver.submit(request_of(800, 0));
  driver.step();
  const Submitted also_long = driver.submit(request_of(400, 100));
  const Submitted short_one = driver.submit(request_of(20, 900));
  const StepPlan next = plan(driver.state(), 64);
  EXPECT_EQ(rows_of(next, short_one), 20);
  EXPECT_EQ(rows_of(next, long_one), 44);
  EXPECT_FALSE(admits(next, also_long));
}

TEST(Plan, LongPromptKeepsHalfOfTheRowsWhateverElseWaits) {
  Driver driver(small_config());
  const Submitted long_one = driver.submit(request_of(800, 0));
  driver.step();
  for (int i = 0; i < 10; ++i) driver.submit(request_of(10, 900));
  EXPECT_GE(rows_of(plan(driver.state(), 64), long_one), 32);
}

TEST(Plan, LeavesNoRowUnusedWhilePromptsWait) {
  Driver driver(small_config());
  driver.submit(request_of(40, 0));
  const Submitted second = driver.submit(request_of(60, 100));
  const StepPlan next = plan(driver.state(), 64);
  EXPECT_EQ(rows_of(next, second), 24);
}

TEST(Plan, ReservesTheWholePrompt) {
  SchedulerConfig config = without_cache();
  config.kv_blocks = 10;
  Driver driver(config);
  driver.submit(request_of(150));  // 10 blocks, although only 4 are computed now
  const Submitted next = driver.submit(request_of(5, 500));
  driver.step();
  EXPECT_EQ(driver.state().pool.in_use(), 10);
  EXPECT_FALSE(admits(plan(driver.state(), 64), next));
}

TEST(Plan, WhoLacksBlocksIsNotOvertaken) {
  SchedulerConfig config = without_cache();
  config.kv_blocks = 10;
  Driver driver(config);
  driver.submit(request_of(60, 0, 30));
  driver.step();
  const Submitted big = driver.submit(request_of(150, 100));
  const Submitted small = driver.submit(request_of(5, 500));
  const StepPlan next = plan(driver.state(), 64);
  EXPECT_FALSE(admits(next, big));
  EXPECT_FALSE(admits(next, small));
}

TEST(Plan, NewcomerLeavesABlockForEachGrowingSequence) {
  SchedulerConfig config = without_cache();
  config.kv_blocks = 6;
  Driver driver(config);
  driver.submit(request_of(30, 0, 60));  // 2 blocks now, up to 6
  driver.step();
  const Submitted exact = driver.submit(request_of(64, 100, 1));
  EXPECT_FALSE(admits(plan(driver.state(), 64), exact));
  driver.cancel(exact);
  const Submitted less = driver.submit(request_of(48, 100, 1));
  EXPECT_TRUE(admits(plan(driver.state(), 64), less));
}

TEST(Plan, RunsNoMoreSequencesThanRowsOrTheLimit) {
  SchedulerConfig config = small_config();
  config.max_batch_tokens = 4;
  Driver few_rows(config);
  for (int i = 0; i < 8; ++i) few_rows.submit(request_of(1, i * 50, 40));
  for (int i = 0; i < 10; ++i) few_rows.step();
  EXPECT_EQ(few_rows.state().running.size(), 4U);

  config.max_batch_tokens = 64;
  config.max_sequences = 3;
  Driver few_sequences(config);
  for (int i = 0; i < 8; ++i) few_sequences.submit(request_of(1, i * 50, 40));
  few_sequences.step();
  EXPECT_EQ(few_sequences.state().running.size(), 3U);
}

/// Three sequences that fill the pool and all need a block for their next row.
struct FullPool {
  explicit FullPool(OrderPolicy order) : driver(config(order)) {
    const std::int32_t priorities[] = {5, 9, 1};
    for (int i = 0; i < 3; ++i) {
      Request request = request_of(16, i * 100, 60);
      request.priority = priorities[i];
      sequences.push_back(driver.submit(request));
      driver.step();  // admitted alone: the headroom for growing is not the subject here
      if (i < 2) fill_block();
    }
    fill_block();
  }
  void fill_block() {
    while (driver.state().running.back()->total() % kBlockTokens != 0) driver.step();
  }
  static SchedulerConfig config(OrderPolicy order) {
    SchedulerConfig config = without_cache();
    config.order = order;
    config.kv_blocks = 9;
    return config;
  }
  Driver driver;
  std::vector<Submitted> sequences;
};

std::vector<RequestId> first_preempted(OrderPolicy order) {
  FullPool full(order);
  for (int i = 0; i < 200; ++i) {
    const StepPlan next = plan(full.driver.state(), 64);
    if (!next.preempted.empty()) {
      EXPECT_TRUE(next.admitted.empty());
      return next.preempted;
    }
    full.driver.step();
  }
  return {};
}

TEST(Plan, FcfsPreemptsTheLastToArrive) {
  EXPECT_EQ(first_preempted(OrderPolicy::fcfs), std::vector{RequestId{3}});
}

TEST(Plan, PriorityPreemptsTheLeastUrgent) {
  EXPECT_EQ(first_preempted(OrderPolicy::priority), std::vector{RequestId{2}});
}

TEST(Plan, PriorityAdmitsTheMostUrgentFirst) {
  SchedulerConfig config = small_config();
  config.order = OrderPolicy::priority;
  config.max_sequences = 1;
  Driver driver(config);
  Request later = request_of(10, 0);
  later.priority = 1;
  Request sooner = request_of(10, 100);
  sooner.priority = -1;
  const Submitted first = driver.submit(later);
  const Submitted second = driver.submit(sooner);
  const StepPlan next = plan(driver.state(), 64);
  EXPECT_FALSE(admits(next, first));
  EXPECT_TRUE(admits(next, second));
}

}  // namespace
}  // namespace quire::scheduler
