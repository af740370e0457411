// Passes over all logits of a row, in blocks whose size is fixed: fast, because compilers turn them
// into vectors, and the same bits whatever else runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "engine/token.h"

namespace quire::engine::sampling {

inline constexpr std::size_t kBlock = 256;  // logits

/// Calls visit(first id, the block's logits, the largest of them) for every block, in order.
/// REQUIRES of the logits: no NaN.
template <class Visit>
void for_blocks(std::span<const float> logits, const Visit& visit);

/// The id of the largest logit, the lowest of equal ones. REQUIRES: at least one logit, no NaN.
TokenId most_likely(std::span<const float> logits);

/// The first logit that is NaN or +infinity, if any.
std::optional<std::size_t> find_unusable(std::span<const float> logits);

/// exp((logit - highest) / temperature) summed per block, in f32 with errors below 2^-16 of a block's
/// sum; returns the sum of the block sums, added in order. Tokens at -infinity weigh 0.
/// REQUIRES: no logit above `highest`, which is finite; temperature > 0; no NaN.
double sum_weights(std::span<const float> logits, float highest, float temperature,
                   std::vector<double>& block_sums);

/// Inverse CDF over all tokens, ascending by id: the first whose cumulative weight exceeds
/// uniform * total, weights and total as sum_weights has them. REQUIRES: uniform in [0, 1), and as
/// sum_weights.
TokenId draw_from_all(std::span<const float> logits, float highest, float temperature,
                      float uniform, std::vector<double>& block_sums);

/// The largest of one block of at most kBlock logits.
float largest(std::span<const float> block);

template <class Visit>
void for_blocks(std::span<const float> logits, const Visit& visit) {
  for (std::size_t first = 0; first < logits.size(); first += kBlock) {
    const auto block = logits.subspan(first, std::min(kBlock, logits.size() - first));
    visit(first, block, largest(block));
  }
}

}  // namespace quire::engine::sampling
