// One request's sampling parameters: data of a row, never state of a sampler. Names, defaults and
// meanings follow the OpenAI API and vLLM's SamplingParams.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/token.h"

namespace quire::engine {

struct SamplingParams {
  float temperature = 1.0F;         // 0 = greedy: the most likely token, ties to the lower id
  std::int32_t top_k = 0;           // 0 = off
  float top_p = 1.0F;               // (0, 1]; 1 = off
  float min_p = 0.0F;               // [0, 1]; 0 = off; relative to the most likely token
  float repetition_penalty = 1.0F;  // > 0; 1 = off; over prompt and output (CTRL, arXiv 1909.05858)
  float presence_penalty = 0.0F;    // [-2, 2]; over output only
  float frequency_penalty = 0.0F;   // [-2, 2]; over output only
  // How many of the latest tokens each penalty looks at; 0 = all of them.
  std::int32_t repetition_context_size = 0;
  std::int32_t presence_context_size = 0;
  std::int32_t frequency_context_size = 0;
  std::vector<std::pair<TokenId, float>> logit_bias;  // sorted by id, ids unique
  std::uint64_t seed = 0;           // with the position, it keys the noise (Philox)
  std::vector<TokenId> stop_token_ids;  // sorted; end the sequence (eos included unless ignore_eos)
  std::int32_t min_tokens = 0;      // stop_token_ids cannot be sampled before that many tokens
  std::int32_t max_tokens = 16;     // output tokens, >= 1 (0 only with prompt_logprobs: score only)
  bool logprobs = false;            // report the logprob of each sampled token
  std::int32_t top_logprobs = 0;    // and of that many alternatives, [0, 20]
  bool prompt_logprobs = false;     // report logprobs of the prompt's tokens too (echo)
};

/// The first parameter that is out of range, as a message that names it, its value and the range;
/// nothing if all are fine. `vocab_size` bounds token ids. Thread: any.
std::optional<std::string> find_bad_sampling_param(const SamplingParams& params,
                                                   std::int32_t vocab_size);

}  // namespace quire::engine
