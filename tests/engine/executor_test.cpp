// Executor on whole model folders: what a sequence gets is the same bytes however its rows are cut
// into steps and whoever shares them; and the head sees only the rows that somebody asked about.

#include "engine/executor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/counting_backend.h"
#include "tests/engine/decoder_support.h"
#include "tests/engine/folder_copy.h"
#include "tests/engine/sequence_driver.h"

namespace quire::engine::test {
namespace {

constexpr std::int32_t kBlocks = 40;

struct Setup {
  std::string folder;
  std::string backend;
  kernels::DType kv_dtype;
};

void PrintTo(const Setup& setup, std::ostream* out) {
  *out << setup.folder << " on " << setup.backend << ", KV " << kernels::name_of(setup.kv_dtype);
}

std::vector<Setup> setups() {
  std::vector<Setup> all;
  for (const char* folder : {"llama3", "mistral", "mlx-affine"}) {
    for (const std::string& backend : backend_names()) {
      for (const auto dtype :
           {kernels::DType::f32, kernels::DType::bf16, kernels::DType::int8}) {
        all.push_back({folder, backend, dtype});
      }
    }
  }
  return all;
}

Model load_model(const FolderCopy& folder, kernels::Backend& backend) {
  return Model::load(folder.files(), backend);
}

/// The fixtures other than llama3 have no tokenizer of their own.
FolderCopy complete_folder(const std::string& name) {
  FolderCopy folder(fixtures() / name);
  folder.add(fixtures() / "llama3/tokenizer.json");
  return folder;
}

class ExecutorBytes : public testing::TestWithParam<Setup> {
 protected:
  Executor make_executor() {
    return {model_,
            *backend_,
            {.max_batch_rows = 256,
             .max_sequences = 8,
             .kv_blocks = kBlocks,
             .kv_dtype = GetParam().kv_dtype}};
  }
  /// Prompt in one step, then `outputs` tokens one by one, on an idle executor.
  Sequence run_alone(std::vector<TokenId> prompt, std::size_t outputs) {
    Executor executor = make_executor();
    Sequence sequence = make_sequence(std::move(prompt), 0);
    while (sequence.outputs.size() < outputs) step(executor, {&sequence}, 256);
    return sequence;
  }

  FolderCopy folder_ = complete_folder(GetParam().folder);
  std::unique_ptr<kernels::Backend> backend_ = make_backend(GetParam().backend);
  Model model_ = load_model(folder_, *backend_);
};

TEST_P(ExecutorBytes, AreTheSameHoweverThePromptIsCut) {
  const auto prompt = random_ids(45, 1);
  const Sequence alone = run_alone(prompt, 6);
  for (const std::int32_t chunk : {1, 3, 7, 16, 17, 44}) {
    SCOPED_TRACE(chunk);
    Executor executor = make_executor();
    Sequence sequence = make_sequence(prompt, 5);
    while (sequence.outputs.size() < 6) step(executor, {&sequence}, chunk);
    EXPECT_EQ(sequence.tokens, alone.tokens);
    expect_same_bytes(sequence.outputs, alone.outputs);
    expect_same_bytes(sequence.prompt_scores, alone.prompt_scores);
  }
}

TEST_P(ExecutorBytes, AreTheSameBesideOthers) {
  const auto prompt = random_ids(45, 1);
  const auto other = random_ids(70, 2);
  const Sequence alone = run_alone(prompt, 6);
  const Sequence other_alone = run_alone(other, 4);

  Executor executor = make_executor();
  Sequence early = make_sequence(random_ids(30, 3), 0);
  Sequence sequence = make_sequence(prompt, 10);
  Sequence late = make_sequence(other, 20);
  step(executor, {&early}, 256);
  // Decode rows, a chunk of one prompt and the whole of another in one batch, in changing order.
  step(executor, {&early, &sequence}, 11);
  step(executor, {&sequence, &late, &early}, 13);
  while (late.outputs.size() < 4 || sequence.outputs.size() < 6) {
    step(executor, {&late, &early, &sequence}, 29);
  }
  sequence.outputs.resize(6);
  late.outputs.resize(4);
  expect_same_bytes(sequence.outputs, alone.outputs);
  expect_same_bytes(sequence.prompt_scores, alone.prompt_scores);
  expect_same_bytes(late.outputs, other_alone.outputs);
  expect_same_bytes(late.prompt_scores, other_alone.prompt_scores);
}

TEST_P(ExecutorBytes, AreTheSameAfterRecomputation) {
  const Sequence alone = run_alone(random_ids(45, 1), 6);
  Executor executor = make_executor();
  Sequence sequence = make_sequence(random_ids(45, 1), 0);
  while (sequence.outputs.size() < 3) step(executor, {&sequence}, 256);
  // Preempted: other blocks, everything from position 0 again, the outputs as part of the tokens.
  Sequence again = make_sequence(random_ids(45, 1), 20);
  again.tokens = sequence.tokens;
  again.outputs = sequence.outputs;
  again.params.prompt_logprobs = false;
  while (again.outputs.size() < 6) step(executor, {&again}, 19);
  expect_same_bytes(again.outputs, alone.outputs);
}

INSTANTIATE_TEST_SUITE_P(Setups, ExecutorBytes, testing::ValuesIn(setups()));

class ExecutorTest : public testing::Test {
 protected:
  Executor make_executor(std::int32_t max_batch_rows = 256) {
    return {model_,
            backend_,
            {.max_batch_rows = max_batch_rows,
             .max_sequences = 8,
             .kv_blocks = kBlocks,
             .kv_dtype = kernels::DType::f32}};
  }

  FolderCopy folder_ = complete_folder("llama3");
  CountingBackend backend_{kernels::make_reference_backend(), kVocab};
  Model model_ = load_model(folder_, backend_);
};

TEST_F(ExecutorTest, ScoresThePromptAsTheModelDoes) {
  const auto ids = random_ids(40, 4);
  const Decoder decoder = load_decoder(folder_.files(), backend_, {});
  SoloSequence solo(decoder, backend_, 40);
  const Logits logits = solo.run(ids);
  Executor executor = make_executor();
  Sequence sequence = make_sequence(ids, 0);
  step(executor, {&sequence}, 256);
  ASSERT_EQ(sequence.prompt_scores.size(), 39U);
  for (std::size_t i = 0; i < 39; ++i) {
    const SampledToken& score = sequence.prompt_scores[i];
    EXPECT_EQ(score.id, ids[i + 1]);
    EXPECT_NEAR(score.logprob.logprob, log_softmax(logits[i], ids[i + 1]), 1e-5);
    ASSERT_EQ(score.top.size(), 3U);
    EXPECT_EQ(score.top[0].id, argmax(logits[i]));
  }
}

TEST_F(ExecutorTest, ProjectsOnlyTheRowsThatSomebodyAskedAbout) {
  Executor executor = make_executor();
  SamplingParams params = sampled_params();
  params.prompt_logprobs = false;
  Sequence first = make_sequence(random_ids(50, 5), 0, params);
  Sequence second = make_sequence(random_ids(20, 6), 10, params);
  backend_.head_rows.clear();
  step(executor, {&first}, 30);
  EXPECT_TRUE(backend_.head_rows.empty());
  step(executor, {&first, &second}, 30);
  EXPECT_EQ(backend_.head_rows, (std::vector<std::int32_t>{2}));
}

TEST_F(ExecutorTest, ProjectsManyRowsInSlabs) {
  Executor executor = make_executor();
  Sequence first = make_sequence(random_ids(70, 7), 0);
  Sequence second = make_sequence(random_ids(80, 8), 10);
  backend_.head_rows.clear();
  step(executor, {&first, &second}, 256);
  EXPECT_EQ(backend_.head_rows, (std::vector<std::int32_t>{64, 64, 22}));
  EXPECT_EQ(first.prompt_scores.size(), 69U);
  EXPECT_EQ(second.prompt_scores.size(), 79U);
}

TEST_F(ExecutorTest, AllocatesNothingInAStep) {
  Executor executor = make_executor();
  const int before = backend_.allocations;
  Sequence sequence = make_sequence(random_ids(70, 7), 0);
  while (sequence.outputs.size() < 4) step(executor, {&sequence}, 40);
  EXPECT_EQ(backend_.allocations, before);
}

TEST_F(ExecutorTest, TellsItsMemory) {
  // 2 (K and V) * 2 layers * 2 kv heads * 8 * 16 tokens
  EXPECT_EQ(Executor::kv_block_bytes(model_.summary(), kernels::DType::f32), 1024U * 4);
  EXPECT_EQ(Executor::kv_block_bytes(model_.summary(), kernels::DType::bf16), 1024U * 2);
  // And one scale for each 8 elements.
  EXPECT_EQ(Executor::kv_block_bytes(model_.summary(), kernels::DType::int8),
            1024U + 1024U / 8 * 4);
  EXPECT_GT(make_executor(256).workspace_bytes(), make_executor(64).workspace_bytes());
}

TEST_F(ExecutorTest, ResetsResultsOfThePreviousStep) {
  Executor executor = make_executor();
  Sequence sequence = make_sequence(random_ids(20, 9), 0);
  const std::vector<SequenceStep> steps{sequence.next(10)};
  std::vector<SequenceResult> results(1);
  results[0].error = "old";
  results[0].sampled = SampledToken{};
  executor.run(steps, results);
  EXPECT_FALSE(results[0].error);
  EXPECT_FALSE(results[0].sampled);
  EXPECT_EQ(results[0].prompt_logprobs.size(), 10U);
}

TEST_F(ExecutorTest, RunsAnEmptyStep) {
  Executor executor = make_executor();
  executor.run({}, {});
}

TEST(ExecutorErrors, FailOnlyTheSequenceWhoseLogitsAreNotFinite) {
  constexpr TokenId kPoison = 90;
  FolderCopy folder = complete_folder("llama3");
  folder.poison_row("model.embed_tokens.weight", kPoison);
  const auto backend = kernels::make_reference_backend();
  const Model model = load_model(folder, *backend);
  const ExecutorConfig config{.max_batch_rows = 256, .max_sequences = 8, .kv_blocks = kBlocks};

  auto healthy_ids = random_ids(30, 10);
  std::replace(healthy_ids.begin(), healthy_ids.end(), kPoison, TokenId{1});
  Executor idle(model, *backend, config);
  Sequence alone = make_sequence(healthy_ids, 0);
  step(idle, {&alone}, 256);

  Executor executor(model, *backend, config);
  auto sick_ids = random_ids(30, 11);
  sick_ids[12] = kPoison;
  Sequence sick = make_sequence(sick_ids, 0);
  Sequence healthy = make_sequence(healthy_ids, 10);
  step(executor, {&sick, &healthy}, 256);
  ASSERT_TRUE(sick.error);
  EXPECT_NE(sick.error->find("not a number"), std::string::npos) << *sick.error;
  EXPECT_TRUE(sick.outputs.empty());
  EXPECT_FALSE(healthy.error);
  expect_same_bytes(healthy.outputs, alone.outputs);
  expect_same_bytes(healthy.prompt_scores, alone.prompt_scores);
}

}  // namespace
}  // namespace quire::engine::test
