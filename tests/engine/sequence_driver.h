// Sequences driven through an Executor as the scheduler would: chunks of a prompt, then one token
// after another, with blocks of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/executor.h"

namespace quire::engine::test {

/// Rows of the fixtures' logits.
inline constexpr std::int32_t kVocab = 96;

std::vector<TokenId> random_ids(std::size_t count, std::uint32_t seed);

/// Everything that the logprobs of a sampled sequence can depend on.
SamplingParams sampled_params();

/// A sequence as the scheduler would keep it: tokens, blocks, how far it is computed.
struct Sequence {
  std::vector<TokenId> tokens;
  std::int32_t prompt_tokens = 0;
  std::int32_t computed = 0;
  std::vector<BlockId> blocks;
  SamplingParams params;
  std::vector<SampledToken> outputs;
  std::vector<SampledToken> prompt_scores;
  std::optional<std::string> error;

  SequenceStep next(std::int32_t max_rows) const;
  void apply(const SequenceStep& step, SequenceResult result);
};

/// Its blocks are `first_block` and up, in a scrambled order.
Sequence make_sequence(std::vector<TokenId> prompt, std::int32_t first_block,
                       SamplingParams params = sampled_params());

/// One step of everybody, at most `max_rows` each.
void step(Executor& executor, const std::vector<Sequence*>& sequences, std::int32_t max_rows);

/// Ids, ranks, and the bits of every logprob.
void expect_same_bytes(const std::vector<SampledToken>& a, const std::vector<SampledToken>& b);

}  // namespace quire::engine::test
