// generation_config.json: sampling defaults and the tokens that end an answer.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/config/json_object.h"
#include "engine/model.h"

namespace quire::engine {

/// Throws LoadError for a default out of range, and for one that asks for a way of generating that
/// does not exist here (beams, suppressed tokens, ...).
SamplingDefaults read_sampling_defaults(const JsonObject& generation_config);

/// `eos_token_id`, an id or a list, sorted and without repeats; empty when absent.
std::vector<TokenId> read_eos(const JsonObject& config, std::int32_t vocab_size);

}  // namespace quire::engine
