#include "engine/sampling/logit_edits.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "kernels/invariant.h"

namespace quire::engine::sampling {
namespace {

std::span<const TokenId> latest(std::span<const TokenId> tokens, std::int32_t context_size) {
  const auto limit = static_cast<std::size_t>(context_size);
  return limit == 0 || limit >= tokens.size() ? tokens : tokens.last(limit);
}

std::size_t index_of(TokenId id, std::size_t vocab) {
  const auto index = static_cast<std::size_t>(id);
  INVARIANT(id >= 0 && index < vocab, "token id below the vocabulary size");
  return index;
}

void count_tokens(std::span<const TokenId> tokens, std::vector<std::int32_t>& counts) {
  for (const TokenId id : tokens) ++counts[index_of(id, counts.size())];
}

/// Calls change(logit, count) once per distinct token and sets the counts back to zero.
template <class Change>
void change_counted(std::span<const TokenId> tokens, SamplerScratch& scratch, Change change) {
  count_tokens(tokens, scratch.counts);
  for (const TokenId id : tokens) {
    const auto index = static_cast<std::size_t>(id);
    if (scratch.counts[index] == 0) continue;
    float& logit = scratch.logits[index];
    logit = change(logit, static_cast<float>(scratch.counts[index]));
    scratch.counts[index] = 0;
  }
}

void penalise(const SampleArgs& args, SamplerScratch& scratch) {
  const SamplingParams& p = *args.params;
  const auto output = args.tokens.subspan(static_cast<std::size_t>(args.prompt_tokens));
  if (p.repetition_penalty != 1.0F) {
    const float penalty = p.repetition_penalty;
    change_counted(latest(args.tokens, p.repetition_context_size), scratch,
                   [penalty](float logit, float) {
                     // A penalty far below 1 may overflow the quotient: it stays finite.
                     return logit > 0 ? std::min(logit / penalty, std::numeric_limits<float>::max())
                                      : logit * penalty;
                   });
  }
  if (p.frequency_penalty != 0.0F) {
    const float penalty = p.frequency_penalty;
    change_counted(latest(output, p.frequency_context_size), scratch,
                   [penalty](float logit, float count) { return logit - count * penalty; });
  }
  if (p.presence_penalty != 0.0F) {
    const float penalty = p.presence_penalty;
    change_counted(latest(output, p.presence_context_size), scratch,
                   [penalty](float logit, float) { return logit - penalty; });
  }
}

}  // namespace

std::span<const float> edit_logits(const SampleArgs& args, SamplerScratch& scratch) {
  const SamplingParams& p = *args.params;
  INVARIANT(
      args.prompt_tokens >= 0 && static_cast<std::size_t>(args.prompt_tokens) <= args.tokens.size(),
      "the prompt is part of the sequence");
  const bool penalties =
      p.repetition_penalty != 1.0F || p.presence_penalty != 0.0F || p.frequency_penalty != 0.0F;
  const auto output_tokens =
      static_cast<std::int64_t>(args.tokens.size()) - static_cast<std::int64_t>(args.prompt_tokens);
  const bool stop_masked = output_tokens < p.min_tokens && !p.stop_token_ids.empty();
  if (p.logit_bias.empty() && !penalties && !stop_masked) return args.logits;

  scratch.logits.assign(args.logits.begin(), args.logits.end());
  for (const auto& [id, bias] : p.logit_bias) {
    scratch.logits[index_of(id, scratch.logits.size())] += bias;
  }
  if (penalties) {
    scratch.counts.resize(args.logits.size(), 0);
    penalise(args, scratch);
  }
  if (stop_masked) {
    for (const TokenId id : p.stop_token_ids) {
      scratch.logits[index_of(id, scratch.logits.size())] = -std::numeric_limits<float>::infinity();
    }
  }
  return scratch.logits;
}

}  // namespace quire::engine::sampling
