#include "tests/engine/sequence_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace quire::engine::test {
namespace {

void expect_same_bytes(const TokenLogprob& a, const TokenLogprob& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(a.logprob), std::bit_cast<std::uint32_t>(b.logprob));
  EXPECT_EQ(a.rank, b.rank);
}

}  // namespace

std::vector<TokenId> random_ids(std::size_t count, std::uint32_t seed) {
  std::vector<TokenId> ids(count);
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (TokenId& id : ids) {
    state = state * 1664525U + 1013904223U;
    id = static_cast<TokenId>((state >> 8U) % static_cast<std::uint32_t>(kVocab));
  }
  return ids;
}

SamplingParams sampled_params() {
  SamplingParams params;
  params.temperature = 0.8F;
  params.top_k = 20;
  params.repetition_penalty = 1.1F;
  params.seed = 99;
  params.logprobs = true;
  params.top_logprobs = 3;
  params.prompt_logprobs = true;
  return params;
}

SequenceStep Sequence::next(std::int32_t max_rows) const {
  const auto total = static_cast<std::int32_t>(tokens.size());
  const std::int32_t rows = std::min(max_rows, total - computed);
  return {.tokens = tokens,
          .prompt_tokens = prompt_tokens,
          .first_position = computed,
          .rows = rows,
          .blocks = blocks,
          .sampling = &params,
          .sample = computed + rows == total};
}

void Sequence::apply(const SequenceStep& step, SequenceResult result) {
  computed += step.rows;
  error = result.error;
  for (auto& score : result.prompt_logprobs) prompt_scores.push_back(std::move(score));
  if (!result.sampled) return;
  tokens.push_back(result.sampled->id);
  outputs.push_back(*std::move(result.sampled));
}

Sequence make_sequence(std::vector<TokenId> prompt, std::int32_t first_block,
                       SamplingParams params) {
  Sequence sequence;
  sequence.prompt_tokens = static_cast<std::int32_t>(prompt.size());
  const std::size_t blocks = (prompt.size() + 20) / kBlockTokens + 1;
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto scrambled = static_cast<std::int32_t>((i * 2 + 1) % (blocks | 1U));
    sequence.blocks.push_back(BlockId{first_block + scrambled});
  }
  sequence.tokens = std::move(prompt);
  sequence.params = std::move(params);
  return sequence;
}

void step(Executor& executor, const std::vector<Sequence*>& sequences, std::int32_t max_rows) {
  std::vector<SequenceStep> steps;
  for (const Sequence* sequence : sequences) steps.push_back(sequence->next(max_rows));
  std::vector<SequenceResult> results(steps.size());
  executor.run(steps, results);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    sequences[i]->apply(steps[i], std::move(results[i]));
  }
}

void expect_same_bytes(const std::vector<SampledToken>& a, const std::vector<SampledToken>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(a[i].id, b[i].id);
    expect_same_bytes(a[i].logprob, b[i].logprob);
    ASSERT_EQ(a[i].top.size(), b[i].top.size());
    for (std::size_t j = 0; j < a[i].top.size(); ++j) {
      expect_same_bytes(a[i].top[j], b[i].top[j]);
    }
  }
}

}  // namespace quire::engine::test
