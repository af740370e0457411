// One forward step over a mixed batch: what the scheduler asks of the engine, and what it gets back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/sampling_params.h"
#include "engine/token.h"
#include "kernels/kv_cache.h"

namespace quire::engine {

using kernels::BlockId;
using kernels::kBlockTokens;

/// One sequence's share of a step: compute tokens[first_position, first_position + rows).
/// Spans stay valid until the step returns.
struct SequenceStep {
  std::span<const TokenId> tokens;     // the whole sequence so far: prompt, then output
  std::int32_t prompt_tokens = 0;      // how many of `tokens` are prompt
  std::int32_t first_position = 0;     // positions below are in the KV cache already
  std::int32_t rows = 0;               // >= 1
  std::span<const BlockId> blocks;     // covers positions [0, first_position + rows)
  const SamplingParams* sampling = nullptr;
  bool sample = false;  // sample the successor of the last row (first_position + rows == tokens.size())
};

/// `prompt_logprobs` (when asked): one entry for each computed row whose successor is a prompt token,
/// in order: entry for row at position p describes tokens[p + 1].
/// `error` is set when this row's logits were not finite: the sequence fails, the batch goes on.
struct SequenceResult {
  std::optional<SampledToken> sampled;
  std::vector<SampledToken> prompt_logprobs;
  std::optional<std::string> error;
};

}  // namespace quire::engine
