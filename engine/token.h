// Token ids and what sampling says about one token.
#pragma once

#include <cstdint>
#include <vector>

namespace quire::engine {

/// Index into the vocabulary, [0, vocab_size). An index and not an identity, hence an integer.
using TokenId = std::int32_t;

/// A token with its log-probability under the model's own distribution (before temperature,
/// penalties, bias and truncation), natural logarithm, and its rank (1 = most likely).
struct TokenLogprob {
  TokenId id = 0;
  float logprob = 0.0F;
  std::int32_t rank = 0;
};

/// `logprob` is filled when the request wants logprobs; `top` holds the top_logprobs most likely
/// tokens, most likely first (ties: lower id first), whether or not the token is among them.
struct SampledToken {
  TokenId id = 0;
  TokenLogprob logprob;
  std::vector<TokenLogprob> top;
};

}  // namespace quire::engine
