#include "engine/sampling/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "kernels/invariant.h"

namespace quire::engine::sampling {
namespace {

using Candidate = std::pair<float, TokenId>;

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

void keep_all(std::span<const float> logits, std::vector<Candidate>& kept) {
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (logits[id] != -std::numeric_limits<float>::infinity()) {
      kept.emplace_back(logits[id], static_cast<TokenId>(id));
    }
  }
}

/// A heap of the k most likely seen so far, the least likely of them at its front: one pass.
void keep_top_k(std::span<const float> logits, std::size_t k, std::vector<Candidate>& kept) {
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (logit == -std::numeric_limits<float>::infinity()) continue;
    if (kept.size() == k) {
      if (logit <= kept.front().first) continue;  // a tie is lost to the lower id
      std::pop_heap(kept.begin(), kept.end(), more_likely);
      kept.pop_back();
    }
    kept.emplace_back(logit, static_cast<TokenId>(id));
    std::push_heap(kept.begin(), kept.end(), more_likely);
  }
  std::sort(kept.begin(), kept.end(), lower_id);
}

/// Only the bucket in which the share of top_p is reached is put in order: linear in the vocabulary
/// unless most of it is about equally likely. REQUIRES and leaves: `kept` ascends by id.
void keep_top_p(float top_p, float highest, float temperature, SamplerScratch& scratch) {
  std::vector<Candidate>& kept = scratch.candidates;
  const auto bucket_of = [&](const Candidate& c) {
    const double below = (static_cast<double>(highest) - static_cast<double>(c.first)) /
                         static_cast<double>(temperature) * kBucketsPerUnit;
    return below < static_cast<double>(kBuckets - 1) ? static_cast<std::size_t>(below)
                                                     : kBuckets - 1;
  };
  std::array<double, kBuckets> sums{};
  for (const Candidate& c : kept) sums[bucket_of(c)] += weight(c.first, highest, temperature);
  const double wanted = static_cast<double>(top_p) * std::accumulate(sums.begin(), sums.end(), 0.0);
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

}  // namespace

void select_candidates(std::span<const float> logits, const SamplingParams& params,
                       SamplerScratch& scratch) {
  INVARIANT(params.temperature > 0, "greedy rows have no candidates");
  std::vector<Candidate>& kept = scratch.candidates;
  kept.clear();
  kept.reserve(logits.size());
  const auto k = static_cast<std::size_t>(params.top_k);
  if (k > 0 && k < logits.size()) {
    keep_top_k(logits, k, kept);
  } else {
    keep_all(logits, kept);
  }
  INVARIANT(!kept.empty(), "at least one finite logit");
  const float highest =
      std::max_element(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
        return a.first < b.first;
      })->first;
  if (params.top_p < 1.0F) {
    keep_top_p(params.top_p, highest, params.temperature, scratch);
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
