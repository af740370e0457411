#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/sampling/candidates.h"
#include "engine/sampling/logit_edits.h"
#include "engine/sampling/philox.h"
#include "kernels/invariant.h"

namespace quire::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// What makes these logits unusable, if anything.
std::optional<std::string> find_bad_logit(std::span<const float> logits) {
  bool any_finite = false;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (logit < kInfinity) {
      any_finite |= logit > -kInfinity;
    } else {
      return "the logit of token " + std::to_string(id) +
             (std::isnan(logit) ? " is not a number" : " is infinite");
    }
  }
  if (!any_finite) return "every logit is minus infinity";
  return std::nullopt;
}

TokenId most_likely(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

double log_sum_exp(std::span<const float> logits) {
  const auto highest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  return highest + std::log(sum);
}

/// 1 + the tokens that come before `id` by descending logit, ties by the lower id.
std::int32_t rank_of(std::span<const float> logits, std::size_t id) {
  std::int32_t before = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    before +=
        static_cast<std::int32_t>(logits[i] > logits[id] || (logits[i] == logits[id] && i < id));
  }
  return before + 1;
}

/// The n most likely tokens. An insertion list: n is small (at most 20 by the API).
std::vector<TokenLogprob> top_list(std::span<const float> logits, std::size_t n, double norm) {
  std::vector<TokenId> ids;
  n = std::min(n, logits.size());
  ids.reserve(n + 1);
  const auto logit_of = [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; };
  for (std::size_t i = 0; n > 0 && i < logits.size(); ++i) {
    if (ids.size() == n && logits[i] <= logit_of(ids.back())) continue;
    const auto place =
        std::find_if(ids.begin(), ids.end(), [&](TokenId id) { return logit_of(id) < logits[i]; });
    ids.insert(place, static_cast<TokenId>(i));
    if (ids.size() > n) ids.pop_back();
  }
  std::vector<TokenLogprob> top;
  top.reserve(ids.size());
  for (const TokenId id : ids) {
    top.push_back({.id = id,
                   .logprob = static_cast<float>(static_cast<double>(logit_of(id)) - norm),
                   .rank = static_cast<std::int32_t>(top.size()) + 1});
  }
  return top;
}

SampledToken scored(std::span<const float> logits, TokenId id, std::int32_t top_logprobs) {
  const auto index = static_cast<std::size_t>(id);
  const double norm = log_sum_exp(logits);
  return {.id = id,
          .logprob = {.id = id,
                      .logprob = static_cast<float>(static_cast<double>(logits[index]) - norm),
                      .rank = rank_of(logits, index)},
          .top = top_list(logits, static_cast<std::size_t>(top_logprobs), norm)};
}

}  // namespace

Result<SampledToken, std::string> sample_token(const SampleArgs& args, SamplerScratch& scratch) {
  INVARIANT(args.params != nullptr, "a row to sample has parameters");
  const SamplingParams& params = *args.params;
  if (auto bad = find_bad_logit(args.logits)) return std::move(*bad);
  const std::span<const float> logits = sampling::edit_logits(args, scratch);
  TokenId id = most_likely(logits);
  if (logits[static_cast<std::size_t>(id)] == -kInfinity) {
    return std::string("min_tokens masks every token that has a finite logit");
  }
  if (params.temperature > 0) {
    sampling::select_candidates(logits, params, scratch);
    id = sampling::draw(scratch, position_uniform(params.seed, args.tokens.size()));
  }
  if (params.logprobs) return scored(args.logits, id, params.top_logprobs);
  return SampledToken{.id = id, .logprob = {}, .top = {}};
}

Result<SampledToken, std::string> score_token(std::span<const float> logits, TokenId id,
                                              std::int32_t top_logprobs) {
  INVARIANT(id >= 0 && static_cast<std::size_t>(id) < logits.size(),
            "the scored token is in the vocabulary");
  if (auto bad = find_bad_logit(logits)) return std::move(*bad);
  return scored(logits, id, top_logprobs);
}

float position_uniform(std::uint64_t seed, std::uint64_t position) noexcept {
  const sampling::PhiloxCounter noise = sampling::philox4x32_10(
      {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32U), 0, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
  return static_cast<float>(noise[0] >> 8U) * 0x1p-24F;
}

}  // namespace quire::engine
