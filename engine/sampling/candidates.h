// From logits to the tokens that may be sampled and their weights: temperature, top_k, top_p,
// min_p.
//
// A token's weight is exp((logit - highest logit) / temperature), in double: the most likely token
// weighs 1. "More likely" orders by logit, ties by the lower id. top_k keeps the k most likely;
// top_p keeps the shortest run of most likely tokens whose share of what top_k left reaches p (the
// whole vocabulary's weight comes from row_passes.h); min_p keeps weights of at least p. Sums run in
// an order that the logits alone fix.
#pragma once

#include <cstddef>
#include <span>

#include "engine/sampler.h"

namespace quire::engine::sampling {

/// Whether these parameters may drop tokens; where not, row_passes.h draws without candidates.
bool truncates(const SamplingParams& params, std::size_t vocab);

/// Fills scratch.candidates with the survivors, ascending by id, and scratch.weights with their
/// weights. Tokens at -infinity never survive.
/// REQUIRES: temperature > 0; no NaN, no +infinity, at least one finite logit.
void select_candidates(std::span<const float> logits, const SamplingParams& params,
                       SamplerScratch& scratch);

/// Inverse CDF over the candidates in ascending id order: the first one whose cumulative weight
/// exceeds uniform * total. REQUIRES: select_candidates filled `scratch`; uniform in [0, 1).
TokenId draw(const SamplerScratch& scratch, float uniform);

}  // namespace quire::engine::sampling
