#include "scheduler/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "audit.h"
#include "driver.h"

namespace quire::scheduler {
namespace {

using std::chrono::milliseconds;
using testing::answer_alone;
using testing::Driver;
using testing::FakeRunner;
using ::testing::HasSubstr;
using testing::is_answer_alone;
using testing::request_of;
using testing::small_config;
using testing::Submitted;

TEST(Scheduler, AnswersARequest) {
  Driver driver(small_config());
  const Submitted who = driver.submit(request_of(100, 0, 7));
  driver.run();
  EXPECT_TRUE(is_answer_alone(who, driver.config));
  EXPECT_EQ(who.stream->started, 0);
  EXPECT_EQ(who.stream->finish->reason, FinishReason::length);
  EXPECT_EQ(who.stream->finish->prompt_tokens, 100);
  EXPECT_EQ(who.stream->finish->output_tokens, 7);
  EXPECT_EQ(who.stream->finish->computed_tokens, 106);
  EXPECT_EQ(driver.runner.breach, "");
  EXPECT_EQ(driver.state().pool.in_use(), 0);
}

TEST(Scheduler, RefusesLimitsThatMakeNoSense) {
  SchedulerConfig config = small_config();
  config.kv_blocks = 0;
  try {
    const Scheduler scheduler(config);
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("kv_blocks"));
  }
}

TEST(Scheduler, MeasuresTimesOnTheGivenClock) {
  SchedulerConfig config = small_config();
  config.max_sequences = 1;
  Driver driver(config);
  driver.submit(request_of(3, 500, 5));  // 5 steps
  const Submitted who = driver.submit(request_of(100, 0, 4));
  driver.run();
  EXPECT_EQ(who.stream->finish->queued, milliseconds(5));
  EXPECT_EQ(who.stream->finish->prefill, milliseconds(2));
  EXPECT_EQ(who.stream->finish->decode, milliseconds(3));
}

TEST(Scheduler, EndsAtAStopTokenButNotBeforeMinTokens) {
  Driver driver(small_config());
  Request request = request_of(10, 0, 20);
  const auto free_answer = answer_alone(request, driver.config).tokens;
  request.sampling.stop_token_ids = {free_answer[5].id};
  const Submitted stopped = driver.submit(request);
  driver.run();
  EXPECT_EQ(stopped.stream->finish->reason, FinishReason::stop);
  EXPECT_EQ(stopped.stream->tokens.size(), 6U);
  EXPECT_EQ(stopped.stream->tokens.back().id, free_answer[5].id);

  request.sampling.min_tokens = 10;
  const Submitted longer = driver.submit(request);
  driver.run();
  EXPECT_TRUE(is_answer_alone(longer, driver.config));
  EXPECT_GT(longer.stream->tokens.size(), 10U);
}

TEST(Scheduler, EndsWhereTheModelEnds) {
  SchedulerConfig config = small_config();
  config.max_model_tokens = 50;
  Driver driver(config);
  const Submitted who = driver.submit(request_of(45, 0, 1000));
  driver.run();
  EXPECT_EQ(who.stream->finish->reason, FinishReason::length);
  EXPECT_EQ(who.stream->tokens.size(), 5U);
}

TEST(Scheduler, ScoresAPromptWithoutSampling) {
  Driver driver(small_config());
  Request request = request_of(100, 0, 0);
  request.sampling.prompt_logprobs = true;
  const Submitted who = driver.submit(request);
  driver.run();
  EXPECT_TRUE(is_answer_alone(who, driver.config));
  EXPECT_EQ(who.stream->prompt_logprobs.size(), 99U);
  EXPECT_TRUE(who.stream->tokens.empty());
  EXPECT_EQ(who.stream->finish->reason, FinishReason::length);
}

TEST(Scheduler, CancelFreesBlocksAtOnce) {
  Driver driver(small_config());
  const Submitted running = driver.submit(request_of(100));
  driver.step();
  const Submitted waiting = driver.submit(request_of(10, 500));
  driver.cancel(waiting);
  EXPECT_FALSE(waiting.stream->started.has_value());
  EXPECT_EQ(waiting.stream->finish->reason, FinishReason::cancelled);
  driver.cancel(running);
  EXPECT_EQ(running.stream->finish->reason, FinishReason::cancelled);
  EXPECT_EQ(driver.state().pool.in_use(), 0);
  EXPECT_TRUE(driver.scheduler.idle());
  driver.cancel(running);  // ended: ignored
}

// ---- prefix cache

TEST(Scheduler, ReusesAPrefixButNeverTheWholePrompt) {
  Driver driver(small_config());
  driver.submit(request_of(64));
  driver.run();
  const Submitted again = driver.submit(request_of(64));
  driver.run();
  EXPECT_EQ(again.stream->started, 48);
  EXPECT_EQ(again.stream->finish->cached_tokens, 48);
  const Submitted longer = driver.submit(request_of(65));
  driver.run();
  EXPECT_EQ(longer.stream->started, 64);
  EXPECT_TRUE(is_answer_alone(longer, driver.config));
  EXPECT_EQ(driver.scheduler.snapshot().prefix_queries, 64U + 64U + 65U);
  EXPECT_EQ(driver.scheduler.snapshot().prefix_hits, 48U + 64U);
}

TEST(Scheduler, ReusesAnAnswerAsPartOfTheNextPrompt) {
  Driver driver(small_config());
  const Submitted turn = driver.submit(request_of(20, 0, 30));
  driver.run();
  Request next = turn.request;
  for (const auto id : turn.stream->ids()) next.prompt.push_back(id);
  next.prompt.push_back(7);
  const Submitted second = driver.submit(next);
  driver.run();
  EXPECT_EQ(second.stream->started, 48);  // of 20 + 30 tokens, the last of which was never computed
  EXPECT_TRUE(is_answer_alone(second, driver.config));
}

TEST(Scheduler, SaltsKeepPrefixesApart) {
  Driver driver(small_config());
  Request request = request_of(64);
  request.cache_salt = "mine";
  driver.submit(request);
  driver.run();
  request.cache_salt = "yours";
  const Submitted other = driver.submit(request);
  driver.run();
  EXPECT_EQ(other.stream->started, 0);
}

TEST(Scheduler, IndexesABlockOnlyOnceItsStepSucceeded) {
  Driver driver(small_config());
  driver.submit(request_of(64));
  const auto steps = driver.begin();
  EXPECT_EQ(driver.state().index.size(), 0U);
  driver.finish_step(steps);
  EXPECT_EQ(driver.state().index.size(), 4U);
}

TEST(Scheduler, FailedStepLeavesNothingBehind) {
  Driver driver(small_config());
  const Submitted failed = driver.submit(request_of(64));
  driver.runner.next_fault = FakeRunner::Fault::after_writing;
  driver.step();
  EXPECT_EQ(failed.stream->finish->reason, FinishReason::error);
  EXPECT_THAT(failed.stream->finish->error, HasSubstr("device lost its step"));
  EXPECT_EQ(driver.state().index.size(), 0U);
  EXPECT_EQ(driver.state().in_flight.size(), 0U);
  EXPECT_EQ(driver.state().pool.in_use(), 0);
  const Submitted again = driver.submit(request_of(64));
  driver.run();
  EXPECT_TRUE(is_answer_alone(again, driver.config));
}

TEST(Scheduler, FailedStepEndsOnlyItsOwnSequences) {
  SchedulerConfig config = small_config();
  config.max_sequences = 1;
  Driver driver(config);
  const Submitted failed = driver.submit(request_of(20));
  const Submitted spared = driver.submit(request_of(20, 300));
  driver.runner.next_fault = FakeRunner::Fault::before_writing;
  driver.run();
  EXPECT_EQ(failed.stream->finish->reason, FinishReason::error);
  EXPECT_TRUE(is_answer_alone(spared, driver.config));
}

TEST(Scheduler, PoisonedRowEndsOnlyItsSequence) {
  Driver driver(small_config());
  const Submitted poisoned = driver.submit(request_of(20));
  const Submitted spared = driver.submit(request_of(20, 300));
  driver.runner.next_poisoned = 0;
  driver.run();
  EXPECT_EQ(poisoned.stream->finish->reason, FinishReason::error);
  EXPECT_EQ(poisoned.stream->finish->error, "logits are not finite");
  EXPECT_TRUE(is_answer_alone(spared, driver.config));
}

TEST(Scheduler, MergesEqualBlocksThatWereComputedTwice) {
  Driver driver(small_config());
  Request scoring = request_of(40, 0, 30);
  scoring.sampling.prompt_logprobs = true;  // computes every row itself
  driver.submit(scoring);
  scoring.sampling.seed = 1;
  driver.submit(scoring);
  for (int i = 0; i < 3; ++i) driver.step();
  // Two full blocks of the prompt in common, one own block each for the rest.
  EXPECT_EQ(driver.state().pool.in_use(), 4);
  EXPECT_EQ(testing::audit(driver.state()), "");
  driver.run();
  EXPECT_EQ(driver.runner.breach, "");
}

TEST(Scheduler, ScoredPromptFillsTheCacheButDoesNotReadIt) {
  Driver driver(small_config());
  Request scoring = request_of(64);
  scoring.sampling.prompt_logprobs = true;
  driver.submit(scoring);
  driver.run();
  const Submitted scored = driver.submit(scoring);
  const Submitted plain = driver.submit(request_of(64));
  driver.run();
  EXPECT_EQ(scored.stream->started, 0);
  EXPECT_TRUE(is_answer_alone(scored, driver.config));
  EXPECT_EQ(plain.stream->started, 48);
}

// ---- equal prompts together

TEST(Scheduler, ComputesEqualPromptsThatArriveTogetherOnce) {
  SchedulerConfig config = small_config();
  config.kv_blocks = 200;
  config.max_model_tokens = 2000;
  Driver driver(config);
  std::vector<Submitted> all;
  for (std::uint64_t i = 0; i < 16; ++i) {
    Request request = request_of(1024, 0, 1);
    request.sampling.seed = i;  // n choices of one prompt differ in their seeds
    all.push_back(driver.submit(request));
  }
  driver.run();
  for (const Submitted& one : all) EXPECT_TRUE(is_answer_alone(one, config));
  // One prefill, and for each other one the last block, whose last row gives the logits.
  EXPECT_EQ(driver.runner.computed_rows, 1024U + 15U * 16U);
  EXPECT_EQ(driver.scheduler.snapshot().computed_tokens, driver.runner.computed_rows);
}

TEST(Scheduler, WaiterGoesOnWhenTheComputingSequenceIsCancelled) {
  Driver driver(small_config());
  const Submitted computing = driver.submit(request_of(200));
  const Submitted waiter = driver.submit(request_of(200));
  driver.step();
  EXPECT_FALSE(waiter.stream->started.has_value());
  driver.cancel(computing);
  driver.step();
  EXPECT_EQ(waiter.stream->started, 64);  // what the first step committed
  driver.run();
  EXPECT_TRUE(is_answer_alone(waiter, driver.config));
}

TEST(Scheduler, WaiterGoesOnWhenTheComputingStepFails) {
  Driver driver(small_config());
  const Submitted computing = driver.submit(request_of(200));
  const Submitted waiter = driver.submit(request_of(200));
  driver.runner.next_fault = FakeRunner::Fault::after_writing;
  driver.step();
  EXPECT_EQ(computing.stream->finish->reason, FinishReason::error);
  EXPECT_FALSE(waiter.stream->finish.has_value());
  driver.run();
  EXPECT_TRUE(is_answer_alone(waiter, driver.config));
}

TEST(Scheduler, WaiterTakesACommittedBlockThoughAScoringRequestComputesItAgain) {
  Driver driver(small_config());
  driver.submit(request_of(80));
  Request scoring = request_of(80);
  scoring.sampling.prompt_logprobs = true;
  driver.submit(scoring);
  const Submitted waiter = driver.submit(request_of(80));
  driver.step();
  EXPECT_FALSE(waiter.stream->started.has_value());
  driver.step();
  EXPECT_EQ(waiter.stream->started, 64);
}

TEST(Scheduler, WaiterDoesNotHoldUpOthers) {
  Driver driver(small_config());
  driver.submit(request_of(500));
  driver.submit(request_of(500));
  const Submitted other = driver.submit(request_of(10, 700, 1));
  driver.step();
  EXPECT_TRUE(is_answer_alone(other, driver.config));
}

TEST(Scheduler, NobodyWaitsForSomebodyLessUrgent) {
  SchedulerConfig config = small_config();
  config.order = OrderPolicy::priority;
  Driver driver(config);
  Request request = request_of(300);
  request.priority = 5;
  driver.submit(request);
  driver.step();
  request.priority = 1;
  request.prompt.resize(90);  // its fifth block is in flight, but under someone it overtakes
  const Submitted urgent = driver.submit(request);
  driver.step();
  EXPECT_EQ(urgent.stream->started, 64);
}

// ---- preemption

TEST(Scheduler, PreemptedSequenceIsNeitherSampledNorSentTwice) {
  SchedulerConfig config = small_config();
  config.kv_blocks = 8;
  config.prefix_cache = false;
  Driver driver(config);
  std::vector<Submitted> all;
  for (std::int32_t i = 0; i < 3; ++i) {
    Request request = request_of(20, i * 100, 60);
    request.sampling.prompt_logprobs = true;
    all.push_back(driver.submit(request));
  }
  while (!driver.scheduler.idle()) {
    driver.step();
    ASSERT_EQ(testing::audit(driver.state()), "");
  }
  EXPECT_GT(driver.scheduler.snapshot().preemptions, 0U);
  EXPECT_EQ(all[0].stream->finish->preemptions, 0);
  for (const Submitted& one : all) {
    EXPECT_TRUE(is_answer_alone(one, config));
    EXPECT_EQ(one.stream->breach, "");
    if (one.stream->finish->preemptions > 0) {
      EXPECT_GT(one.stream->finish->computed_tokens, 79);  // recomputation is counted
    }
  }
}

TEST(Scheduler, PromptLogprobsSurviveAPreemptionInTheMiddle) {
  SchedulerConfig config = small_config();
  config.kv_blocks = 12;
  config.max_batch_tokens = 4;
  Driver driver(config);
  const Submitted first = driver.submit(request_of(16, 500, 120));
  for (int i = 0; i < 8; ++i) driver.step();
  Request scoring = request_of(130, 0, 1);
  scoring.sampling.prompt_logprobs = true;
  const Submitted scored = driver.submit(scoring);
  driver.run();
  EXPECT_GT(scored.stream->finish->preemptions, 0);
  EXPECT_TRUE(is_answer_alone(scored, config));
  EXPECT_TRUE(is_answer_alone(first, config));
}

TEST(Scheduler, RecordsEveryStepInNumbers) {
  Driver driver(small_config());
  driver.submit(request_of(70, 0, 3));
  driver.step();
  EXPECT_EQ(driver.scheduler.last_step().prefill_tokens, 64);
  EXPECT_EQ(driver.scheduler.last_step().duration, milliseconds(1));
  driver.step();
  EXPECT_EQ(driver.scheduler.last_step().prefill_tokens, 6);
  driver.step();
  const StepRecord record = driver.scheduler.last_step();
  EXPECT_EQ(record.step, 2U);
  EXPECT_EQ(record.prefill_tokens, 0);
  EXPECT_EQ(record.decode_tokens, 1);
  EXPECT_EQ(record.sequences, 1);
  EXPECT_EQ(record.running, 1);
  EXPECT_EQ(record.blocks_free + record.blocks_cached + record.blocks_in_use, 100);
}

}  // namespace
}  // namespace quire::scheduler
