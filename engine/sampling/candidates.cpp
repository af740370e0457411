#include "engine/sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels/invariant.h"

namespace quire::engine::sampling {
namespace {

using Candidate = std::pair<float, TokenId>;

// top_p looks at this many most likely tokens first, then at four times as many, and so on: most
// nuclei hold fewer than a few hundred tokens, so the rest of the vocabulary is never sorted.
constexpr std::size_t kFirstNucleusChunk = 256;

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

/// REQUIRES: `kept` ascends by id; leaves the nucleus in descending likelihood.
void keep_top_p(float top_p, float highest, float temperature, std::vector<Candidate>& kept) {
  double total = 0;
  for (const Candidate& c : kept) total += weight(c.first, highest, temperature);
  const double wanted = static_cast<double>(top_p) * total;
  double cumulative = 0;
  std::size_t sorted = 0;
  for (std::size_t chunk = kFirstNucleusChunk; sorted < kept.size(); chunk *= 4) {
    const std::size_t end = std::min(sorted + chunk, kept.size());
    const auto first = kept.begin() + static_cast<std::ptrdiff_t>(sorted);
    const auto last = kept.begin() + static_cast<std::ptrdiff_t>(end);
    if (last != kept.end()) std::nth_element(first, last, kept.end(), more_likely);
    std::sort(first, last, more_likely);
    for (; sorted < end; ++sorted) {
      cumulative += weight(kept[sorted].first, highest, temperature);
      if (cumulative >= wanted) {
        kept.resize(sorted + 1);
        return;
      }
    }
  }
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
    keep_top_p(params.top_p, highest, params.temperature, kept);
    std::sort(kept.begin(), kept.end(), lower_id);
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
