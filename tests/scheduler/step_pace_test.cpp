// How long steps get while answers are being written.
#include "scheduler/step_pace.h"

#include <gtest/gtest.h>

#include "driver.h"

namespace quire::scheduler {
namespace {

using namespace std::chrono_literals;
using testing::Driver;
using testing::request_of;
using testing::small_config;

StepRecord step_of(std::int32_t prompt_rows, std::int32_t decode_rows,
                   std::chrono::nanoseconds duration) {
  StepRecord record;
  record.prefill_tokens = prompt_rows;
  record.decode_tokens = decode_rows;
  record.duration = duration;
  return record;
}

TEST(StepPace, GivesWhatFitsBesideDecoding) {
  StepPace pace(200ms);
  EXPECT_EQ(pace.prompt_rows(), StepPace::kFirstRows);
  pace.record(step_of(512, 0, 1024ms));  // 2 ms a row
  EXPECT_EQ(pace.prompt_rows(), 100);
  pace.record(step_of(0, 8, 50ms));
  EXPECT_EQ(pace.prompt_rows(), 75);
}

TEST(StepPace, LeavesPromptsAQuarterHoweverLongDecodingTakes) {
  StepPace pace(200ms);
  pace.record(step_of(512, 0, 512ms));
  pace.record(step_of(0, 8, 900ms));
  EXPECT_EQ(pace.prompt_rows(), 50);
}

TEST(StepPace, NeverGivesLessThanABlock) {
  StepPace pace(1ms);
  pace.record(step_of(16, 0, 10s));
  EXPECT_EQ(pace.prompt_rows(), StepPace::kLeastRows);
}

TEST(StepPace, FollowsAMachineThatBecomesSlower) {
  StepPace pace(200ms);
  for (int i = 0; i < 20; ++i) pace.record(step_of(100, 0, 100ms));
  EXPECT_NEAR(pace.prompt_rows(), 200, 1);
  for (int i = 0; i < 20; ++i) pace.record(step_of(100, 0, 400ms));
  EXPECT_NEAR(pace.prompt_rows(), 50, 1);
}

TEST(StepPace, FailedStepsTeachNothing) {
  StepPace pace(200ms);
  StepRecord failed = step_of(512, 0, 60s);
  failed.failed = true;
  pace.record(failed);
  EXPECT_EQ(pace.prompt_rows(), StepPace::kFirstRows);
}

/// Virtual time: a row takes 2 ms.
std::chrono::milliseconds timed_step(Driver& driver) {
  const auto steps = driver.begin();
  std::int32_t rows = 0;
  for (const auto& step : steps) rows += step.rows;
  const std::chrono::milliseconds duration = rows * 2ms;
  driver.now += duration - 1ms;  // finish_step takes one
  driver.finish_step(steps);
  return duration;
}

TEST(SchedulerPace, ALongPromptDoesNotHoldUpAnswers) {
  SchedulerConfig config = small_config();
  config.max_batch_tokens = 512;
  config.max_model_tokens = 1600;
  config.kv_blocks = 200;
  config.target_step = 100ms;
  Driver driver(config);
  driver.submit(request_of(400, 0, 1));  // alone: as fast as it goes
  EXPECT_EQ(timed_step(driver), 800ms);
  const auto writer = driver.submit(request_of(10, 500, 200));
  timed_step(driver);
  const auto prompt = driver.submit(request_of(1400, 700, 1));
  int steps = 0;
  while (!prompt.stream->finish) {
    const std::size_t before = writer.stream->tokens.size();
    EXPECT_LE(timed_step(driver), 104ms);
    EXPECT_EQ(writer.stream->tokens.size(), before + 1);
    ASSERT_LT(++steps, 100);
  }
  EXPECT_GE(steps, 1400 / 52);
  driver.run();
}

TEST(SchedulerPace, WithoutATargetTheBudgetAloneCounts) {
  SchedulerConfig config = small_config();
  config.max_batch_tokens = 512;
  Driver driver(config);
  driver.submit(request_of(10, 500, 50));
  timed_step(driver);
  driver.submit(request_of(400, 0, 1));
  EXPECT_EQ(timed_step(driver), 401 * 2ms);
}

}  // namespace
}  // namespace quire::scheduler
