// Sampling one row: logits and one request's parameters in, a token out. A pure function: the noise
// is Philox4x32-10 (Salmon et al., SC'11) keyed by the seed and counted by the position, so the
// same request samples the same token whatever else runs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/result.h"
#include "engine/sampling_params.h"
#include "engine/token.h"

namespace quire::engine {

/// Scratch reused between rows, so that a step does not allocate. Thread: caller synchronises.
struct SamplerScratch {
  std::vector<float> logits;
  std::vector<std::pair<float, TokenId>> candidates;
  std::vector<std::pair<float, TokenId>> boundary;  // where top_p is reached
  std::vector<double> weights;                      // of the candidates
  std::vector<double> block_sums;                   // of all weights
  std::vector<std::int32_t> counts;
};

struct SampleArgs {
  std::span<const float> logits;    // [vocab], the model's own, untouched
  std::span<const TokenId> tokens;  // the sequence so far
  std::int32_t prompt_tokens = 0;   // how many of them are prompt
  const SamplingParams* params = nullptr;
};

/// The token at position tokens.size(). An error names what is wrong with the logits (not finite).
/// Order of operations: logit_bias, penalties, min_tokens mask, temperature, top_k, top_p, min_p.
Result<SampledToken, std::string> sample_token(const SampleArgs& args, SamplerScratch& scratch);

/// Log-probability, rank and top alternatives of a given token (prompt logprobs).
Result<SampledToken, std::string> score_token(std::span<const float> logits, TokenId id,
                                              std::int32_t top_logprobs, SamplerScratch& scratch);

/// Uniform in [0, 1) with 24 bits: the noise of one position under one seed.
float position_uniform(std::uint64_t seed, std::uint64_t position) noexcept;

}  // namespace quire::engine
