#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/sampling/candidates.h"
#include "engine/sampling/logit_edits.h"
#include "engine/sampling/philox.h"
#include "engine/sampling/row_passes.h"
#include "kernels/invariant.h"

namespace quire::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// What makes these logits unusable, if anything.
std::optional<std::string> find_bad_logit(std::span<const float> logits) {
  const auto id = sampling::find_unusable(logits);
  if (id) {
    return "the logit of token " + std::to_string(*id) +
           (std::isnan(logits[*id]) ? " is not a number" : " is infinite");
  }
  if (logits.empty() ||
      logits[static_cast<std::size_t>(sampling::most_likely(logits))] == -kInfinity) {
    return "every logit is minus infinity";
  }
  return std::nullopt;
}

/// 1 + the tokens that come before `id` by descending logit, ties by the lower id.
std::int32_t rank_of(std::span<const float> logits, std::size_t id) {
  const float logit = logits[id];
  std::int32_t before = 0;
  for (std::size_t i = 0; i < id; ++i) before += static_cast<std::int32_t>(logits[i] >= logit);
  for (std::size_t i = id + 1; i < logits.size(); ++i) {
    before += static_cast<std::int32_t>(logits[i] > logit);
  }
  return before + 1;
}

/// The n most likely tokens. An insertion list: n is small (at most 20 by the API).
std::vector<TokenLogprob> top_list(std::span<const float> logits, std::size_t n, double norm) {
  std::vector<TokenId> ids;
  n = std::min(n, logits.size());
  ids.reserve(n + 1);
  const auto logit_of = [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; };
  const auto add = [&](std::size_t i) {
    if (ids.size() == n && logits[i] <= logit_of(ids.back())) return;
    const auto place =
        std::find_if(ids.begin(), ids.end(), [&](TokenId id) { return logit_of(id) < logits[i]; });
    ids.insert(place, static_cast<TokenId>(i));
    if (ids.size() > n) ids.pop_back();
  };
  sampling::for_blocks(logits, [&](std::size_t first, std::span<const float> block, float highest) {
    if (n == 0 || (ids.size() == n && highest <= logit_of(ids.back()))) return;
    for (std::size_t i = first; i < first + block.size(); ++i) add(i);
  });
  std::vector<TokenLogprob> top;
  top.reserve(ids.size());
  for (const TokenId id : ids) {
    top.push_back({.id = id,
                   .logprob = static_cast<float>(static_cast<double>(logit_of(id)) - norm),
                   .rank = static_cast<std::int32_t>(top.size()) + 1});
  }
  return top;
}

SampledToken scored(std::span<const float> logits, TokenId id, std::int32_t top_logprobs,
                    SamplerScratch& scratch) {
  const auto index = static_cast<std::size_t>(id);
  const float highest = logits[static_cast<std::size_t>(sampling::most_likely(logits))];
  const double norm = static_cast<double>(highest) +
                      std::log(sampling::sum_weights(logits, highest, 1.0F, scratch.block_sums));
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
  TokenId id = sampling::most_likely(logits);
  const float highest = logits[static_cast<std::size_t>(id)];
  if (highest == -kInfinity) {
    return std::string("min_tokens masks every token that has a finite logit");
  }
  if (params.temperature > 0) {
    const float uniform = position_uniform(params.seed, args.tokens.size());
    if (sampling::truncates(params, logits.size())) {
      sampling::select_candidates(logits, params, scratch);
      id = sampling::draw(scratch, uniform);
    } else {
      id = sampling::draw_from_all(logits, highest, params.temperature, uniform, scratch.block_sums);
    }
  }
  if (params.logprobs) return scored(args.logits, id, params.top_logprobs, scratch);
  return SampledToken{.id = id, .logprob = {}, .top = {}};
}

Result<SampledToken, std::string> score_token(std::span<const float> logits, TokenId id,
                                              std::int32_t top_logprobs, SamplerScratch& scratch) {
  INVARIANT(id >= 0 && static_cast<std::size_t>(id) < logits.size(),
            "the scored token is in the vocabulary");
  if (auto bad = find_bad_logit(logits)) return std::move(*bad);
  return scored(logits, id, top_logprobs, scratch);
}

float position_uniform(std::uint64_t seed, std::uint64_t position) noexcept {
  const sampling::PhiloxCounter noise = sampling::philox4x32_10(
      {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32U), 0, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
  return static_cast<float>(noise[0] >> 8U) * 0x1p-24F;
}

}  // namespace quire::engine
