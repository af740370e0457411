// Sampling on the command line: every SamplingParams field as an option, shared by generate and
// chat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/sampling_params.h"

namespace CLI {
class App;
}

namespace quire::tools {

/// Unset values follow the model's generation_config.json, then the API's defaults.
struct SamplingOptions {
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<std::int32_t> top_k;
  float presence_penalty = 0.0F;
  float frequency_penalty = 0.0F;
  std::int32_t repetition_context_size = 0;
  std::int32_t presence_context_size = 0;
  std::int32_t frequency_context_size = 0;
  std::vector<std::string> logit_bias;  // "ID:VALUE"
  std::optional<std::uint64_t> seed;    // unset = drawn at random
  std::vector<std::string> stop;
  std::vector<std::int32_t> stop_token_ids;
  bool ignore_eos = false;
  std::int32_t min_tokens = 0;
  std::int32_t max_tokens = 0;  // 0 = the command's default
};

void add_sampling_options(CLI::App& command, SamplingOptions& options, std::int32_t max_tokens);

/// The parameters of one request. Throws std::runtime_error naming what is out of range.
engine::SamplingParams make_sampling(const SamplingOptions& options, const engine::Model& model);

}  // namespace quire::tools
