// What the profile of a step counts, checked against the shapes of a tiny model.
#include "tools/bench/timed_backend.h"

#include <gtest/gtest.h>

#include <chrono>

#include "engine/executor.h"
#include "kernels/devices.h"
#include "tests/support/tiny_model.h"

namespace quire::tools::bench {
namespace {

using engine::BlockId;

constexpr std::int32_t kPrompt = 20;
const testing::TinyModelShape kShape;  // 2 layers, 4 heads, 2 kv heads of 16, MLP 96
constexpr double kQ = 64, kKv = 32, kWidth = 64, kInner = 96;

/// A tiny model behind a TimedBackend, and one sequence of kPrompt tokens.
class StepProfile : public ::testing::Test {
 protected:
  engine::SequenceResult run(engine::Executor& executor, std::int32_t first, std::int32_t rows) {
    engine::SequenceResult result;
    const engine::SequenceStep step{.tokens = tokens_,
                                    .prompt_tokens = kPrompt,
                                    .first_position = first,
                                    .rows = rows,
                                    .blocks = blocks_,
                                    .sampling = &sampling_,
                                    .sample = first + rows == kPrompt};
    executor.run({&step, 1}, {&result, 1});
    return result;
  }
  static engine::ExecutorConfig config() {
    return {.max_batch_rows = 32, .max_sequences = 1, .kv_blocks = 2};
  }
  const OpWork& of(const StepWork& work, StepOp op) { return work[static_cast<std::size_t>(op)]; }

  std::unique_ptr<kernels::Backend> inner_ = kernels::make_reference_backend();
  TimedBackend timed_{*inner_};
  testing::TinyModel files_{kShape};
  engine::Model model_ = files_.load(timed_);
  engine::Executor executor_{model_, timed_, config()};
  std::vector<engine::TokenId> tokens_ = std::vector<engine::TokenId>(kPrompt, 70);
  std::vector<BlockId> blocks_{BlockId{1}, BlockId{0}};
  engine::SamplingParams sampling_;
};

TEST_F(StepProfile, NamesEveryOpOnceForEachLayer) {
  timed_.start();
  run(executor_, 0, kPrompt);
  const StepWork work = timed_.stop();
  EXPECT_EQ(of(work, StepOp::embed).calls, 1);
  EXPECT_EQ(of(work, StepOp::norm).calls, 2 * kShape.layers + 1);
  EXPECT_EQ(of(work, StepOp::rope_store).calls, kShape.layers + 1);  // and the angles, once
  for (const StepOp op : {StepOp::qkv, StepOp::attention, StepOp::o, StepOp::gate_up,
                          StepOp::activation, StepOp::down}) {
    EXPECT_EQ(of(work, op).calls, kShape.layers) << name_of(op);
  }
  EXPECT_EQ(of(work, StepOp::head).calls, 1);
  EXPECT_EQ(of(work, StepOp::sampling).calls, 1);
}

TEST_F(StepProfile, CountsTheOperationsAndBytesOfTheShapes) {
  timed_.start();
  run(executor_, 0, kPrompt);
  const StepWork work = timed_.stop();
  const double rows = kPrompt;
  const double layers = kShape.layers;
  EXPECT_EQ(of(work, StepOp::qkv).operations, layers * 2 * rows * kWidth * (kQ + 2 * kKv));
  EXPECT_EQ(of(work, StepOp::o).operations, layers * 2 * rows * kQ * kWidth);
  EXPECT_EQ(of(work, StepOp::gate_up).operations, layers * 2 * rows * kWidth * 2 * kInner);
  EXPECT_EQ(of(work, StepOp::down).operations, layers * 2 * rows * kInner * kWidth);
  EXPECT_EQ(of(work, StepOp::head).operations, 2 * kWidth * model_.summary().vocab_size);
  EXPECT_EQ(of(work, StepOp::attention).operations, layers * 4 * kQ * (rows * (rows + 1) / 2));
  EXPECT_EQ(of(work, StepOp::attention).kv_bytes, layers * rows * 2 * kKv * 2);  // bf16
  EXPECT_EQ(of(work, StepOp::rope_store).kv_bytes, layers * rows * 2 * kKv * 2);
  EXPECT_EQ(of(work, StepOp::activation).activation_bytes, layers * 3 * rows * kInner * 4);
}

TEST_F(StepProfile, ADecodeRowReadsItsWholeContext) {
  run(executor_, 0, kPrompt - 1);
  timed_.start();
  run(executor_, kPrompt - 1, 1);
  const StepWork work = timed_.stop();
  EXPECT_EQ(of(work, StepOp::attention).kv_bytes, kShape.layers * kPrompt * 2 * kKv * 2);
  EXPECT_EQ(of(work, StepOp::attention).operations, kShape.layers * 4 * kQ * kPrompt);
  EXPECT_EQ(of(work, StepOp::rope_store).kv_bytes, kShape.layers * 2 * kKv * 2);
}

TEST_F(StepProfile, DividesAllTheTimeBetweenStartAndStop) {
  const auto begin = std::chrono::steady_clock::now();
  timed_.start();
  run(executor_, 0, kPrompt);
  const StepWork work = timed_.stop();
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  double sum = 0;
  for (const OpWork& op : work) {
    EXPECT_GE(op.seconds, 0);
    sum += op.seconds;
  }
  EXPECT_LE(sum, wall);
  EXPECT_GT(sum, 0);
  EXPECT_GT(of(work, StepOp::qkv).seconds, 0);
}

TEST_F(StepProfile, ChangesNoByteOfTheAnswer) {
  sampling_.logprobs = true;
  sampling_.top_logprobs = 5;
  const auto plain_model = files_.load(*inner_);
  engine::Executor plain(plain_model, *inner_, config());
  const engine::SequenceResult expected = run(plain, 0, kPrompt);
  timed_.start();
  const engine::SequenceResult timed = run(executor_, 0, kPrompt);
  timed_.stop();
  ASSERT_TRUE(expected.sampled && timed.sampled);
  EXPECT_EQ(timed.sampled->id, expected.sampled->id);
  EXPECT_EQ(timed.sampled->logprob.logprob, expected.sampled->logprob.logprob);
}

TEST_F(StepProfile, KeepsNothingWhenItIsOff) {
  timed_.start();
  const StepWork before = timed_.stop();
  run(executor_, 0, kPrompt);
  timed_.start();
  const StepWork after = timed_.stop();
  EXPECT_EQ(of(before, StepOp::qkv).calls, 0);
  EXPECT_EQ(of(after, StepOp::qkv).calls, 0);
  EXPECT_EQ(of(after, StepOp::sampling).calls, 0);
}

}  // namespace
}  // namespace quire::tools::bench
