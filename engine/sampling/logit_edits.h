// What a request changes about the logits before sampling: bias, penalties, the min_tokens mask.
#pragma once

#include <span>

#include "engine/sampler.h"

namespace quire::engine::sampling {

/// The logits after logit_bias, penalties and the min_tokens mask, in this order: the model's own
/// span when the request changes nothing, else scratch.logits. Masked tokens hold -infinity.
/// REQUIRES: logits hold no NaN and no +infinity; token ids are below their number.
/// Leaves scratch.counts all zero. Thread: caller synchronises on `scratch`.
std::span<const float> edit_logits(const SampleArgs& args, SamplerScratch& scratch);

}  // namespace quire::engine::sampling
