#include "engine/sampling/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/sampling/row_passes.h"
#include "kernels/invariant.h"

namespace quire::engine::sampling {
namespace {

using Candidate = std::pair<float, TokenId>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// top_p sorts tokens into buckets of this width in units of the scaled logit, most likely first;
// the last bucket takes everything below a weight of exp(-64), which no total of weights notices.
constexpr double kBucketsPerUnit = 64;
constexpr std::size_t kBuckets = 4096;

bool more_likely(const Candidate& a, const Candidate& b) {
  return a.first != b.first ? a.first > b.first : a.second < b.second;
}

bool lower_id(const Candidate& a, const Candidate& b) {
  return a.second < b.second;
}

double weight(float logit, float highest, float temperature) {
  return std::exp((static_cast<double>(logit) - static_cast<double>(highest)) /
                  static_cast<double>(temperature));
}

/// All tokens whose logit is at least `least`, and not -infinity.
void keep_from(std::span<const float> logits, float least, std::vector<Candidate>& kept) {
  for_blocks(logits, [&](std::size_t first, std::span<const float> block, float highest) {
    if (highest < least) return;
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block[i] >= least && block[i] != -kInfinity) {
        kept.emplace_back(block[i], static_cast<TokenId>(first + i));
      }
    }
  });
}

/// A heap of the k most likely seen so far, the least likely of them at its front: one pass, which
/// skips blocks that have nothing for it.
void keep_top_k(std::span<const float> logits, std::size_t k, std::vector<Candidate>& kept) {
  const auto add = [&](float logit, std::size_t id) {
    if (logit == -kInfinity) return;
    if (kept.size() == k) {
      if (logit <= kept.front().first) return;  // a tie is lost to the lower id
      std::pop_heap(kept.begin(), kept.end(), more_likely);
      kept.pop_back();
    }
    kept.emplace_back(logit, static_cast<TokenId>(id));
    std::push_heap(kept.begin(), kept.end(), more_likely);
  };
  for_blocks(logits, [&](std::size_t first, std::span<const float> block, float highest) {
    if (kept.size() == k && highest <= kept.front().first) return;
    for (std::size_t i = 0; i < block.size(); ++i) add(block[i], first + i);
  });
  std::sort(kept.begin(), kept.end(), lower_id);
}

/// A logit below which no token can survive top_p or min_p, of tokens with the weight `total`
/// together. With V tokens, those of weight below (1 - p) total / V weigh less than (1 - p) total
/// together, so the share of top_p is reached before them. The margin covers rounding.
float least_logit(std::size_t vocab, float highest, double total, const SamplingParams& params) {
  const double of_top_p =
      (1.0 - static_cast<double>(params.top_p)) * total / static_cast<double>(vocab);
  const double of_min_p = std::min(1.0, static_cast<double>(params.min_p));
  const double least = std::max(of_top_p, of_min_p);
  if (least <= 0) return -kInfinity;
  constexpr double kMargin = 1e-3;
  const double below = (std::log(least) - kMargin) * static_cast<double>(params.temperature);
  return static_cast<float>(static_cast<double>(highest) + below - kMargin);
}

double weigh(std::span<const Candidate> kept, float highest, float temperature) {
  double total = 0;
  for (const Candidate& c : kept) total += weight(c.first, highest, temperature);
  return total;
}

/// Only the bucket in which the share of top_p is reached is put in order: linear in the vocabulary
/// unless most of it is about equally likely. REQUIRES and leaves: `kept` ascends by id.
/// `total` is the weight of all tokens that count; those of them that `kept` lacks are not within
/// the share.
void keep_top_p(double top_p, double total, float highest, float temperature,
                SamplerScratch& scratch) {
  std::vector<Candidate>& kept = scratch.candidates;
  const auto bucket_of = [&](const Candidate& c) {
    const double below = (static_cast<double>(highest) - static_cast<double>(c.first)) /
                         static_cast<double>(temperature) * kBucketsPerUnit;
    return below < static_cast<double>(kBuckets - 1) ? static_cast<std::size_t>(below)
                                                     : kBuckets - 1;
  };
  std::array<double, kBuckets> sums{};
  for (const Candidate& c : kept) sums[bucket_of(c)] += weight(c.first, highest, temperature);
  const double wanted = top_p * total;
  double cumulative = 0;
  std::size_t boundary = 0;
  while (boundary + 1 < kBuckets && cumulative + sums[boundary] < wanted)
    cumulative += sums[boundary++];

  std::vector<Candidate>& last = scratch.boundary;
  last.clear();
  last.reserve(kept.size());
  for (const Candidate& c : kept) {
    if (bucket_of(c) == boundary) last.push_back(c);
  }
  std::sort(last.begin(), last.end(), more_likely);
  std::size_t taken = 0;
  while (taken < last.size() && cumulative < wanted) {
    cumulative += weight(last[taken++].first, highest, temperature);
  }
  std::erase_if(kept, [&](const Candidate& c) {
    const std::size_t bucket = bucket_of(c);
    if (bucket != boundary) return bucket > boundary;
    return taken == 0 || more_likely(last[taken - 1], c);
  });
}

/// Fills scratch.candidates by top_k and, where there is none, by what top_p and min_p cannot keep;
/// returns the weight of all tokens that top_p counts.
double preselect(std::span<const float> logits, float highest, const SamplingParams& params,
                 SamplerScratch& scratch) {
  std::vector<Candidate>& kept = scratch.candidates;
  const auto k = static_cast<std::size_t>(params.top_k);
  if (k > 0 && k < logits.size()) {
    keep_top_k(logits, k, kept);
    return weigh(kept, highest, params.temperature);
  }
  const double total = sum_weights(logits, highest, params.temperature, scratch.block_sums);
  keep_from(logits, least_logit(logits.size(), highest, total, params), kept);
  return total;
}

}  // namespace

bool truncates(const SamplingParams& params, std::size_t vocab) {
  return (params.top_k > 0 && static_cast<std::size_t>(params.top_k) < vocab) ||
         params.top_p < 1.0F || params.min_p > 0.0F;
}

void select_candidates(std::span<const float> logits, const SamplingParams& params,
                       SamplerScratch& scratch) {
  INVARIANT(params.temperature > 0, "greedy rows have no candidates");
  std::vector<Candidate>& kept = scratch.candidates;
  kept.clear();
  kept.reserve(logits.size());
  const float highest = logits[static_cast<std::size_t>(most_likely(logits))];
  INVARIANT(highest != -kInfinity, "at least one finite logit");
  const double total = preselect(logits, highest, params, scratch);
  if (params.top_p < 1.0F) {
    keep_top_p(static_cast<double>(params.top_p), total, highest, params.temperature, scratch);
  }
  if (params.min_p > 0.0F) {
    // The most likely token always stays: its weight is 1.
    const double least = std::min(1.0, static_cast<double>(params.min_p));
    std::erase_if(kept, [&](const Candidate& c) {
      return weight(c.first, highest, params.temperature) < least;
    });
  }
  scratch.weights.clear();
  scratch.weights.reserve(logits.size());
  for (const Candidate& c : kept) {
    scratch.weights.push_back(weight(c.first, highest, params.temperature));
  }
}

TokenId draw(const SamplerScratch& scratch, float uniform) {
  double total = 0;
  for (const double w : scratch.weights) total += w;
  const double target = static_cast<double>(uniform) * total;
  double cumulative = 0;
  for (std::size_t i = 0; i < scratch.weights.size(); ++i) {
    cumulative += scratch.weights[i];
    if (cumulative > target) return scratch.candidates[i].second;
  }
  // The last cumulative weight is `total`, added in the same order, and uniform < 1.
  INVARIANT(false, "uniform is below 1");
}

}  // namespace quire::engine::sampling
