// Two spellings are in use: `rope_theta` beside `rope_scaling` {"type" or "rope_type", ...}, and
// since transformers 5 one `rope_parameters` object that holds both.

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/config/model_config.h"

namespace quire::engine {
namespace {

using kernels::RopeScaling;
using kernels::RopeSpec;

// Keys with a meaning here, or known to have none ("finetuned" of the YaRN models).
constexpr std::array<std::string_view, 16> kKnownKeys{"type",
                                                      "rope_type",
                                                      "rope_theta",
                                                      "factor",
                                                      "low_freq_factor",
                                                      "high_freq_factor",
                                                      "beta_fast",
                                                      "beta_slow",
                                                      "attention_factor",
                                                      "mscale",
                                                      "mscale_all_dim",
                                                      "truncate",
                                                      "original_max_position_embeddings",
                                                      "partial_rotary_factor",
                                                      "finetuned",
                                                      "max_position_embeddings"};

RopeScaling read_scaling(const JsonObject& parameters) {
  const auto modern = parameters.text("rope_type");
  const auto old = parameters.text("type");
  if (modern && old && *modern != *old) parameters.refuse("type", "contradicts rope_type");
  const std::string name = modern ? *modern : old.value_or("default");
  if (name == "default") return RopeScaling::none;
  if (name == "linear") return RopeScaling::linear;
  if (name == "llama3") return RopeScaling::llama3;
  if (name == "yarn") return RopeScaling::yarn;
  parameters.refuse(modern ? "rope_type" : "type",
                    "is not supported; default, linear, llama3 and yarn are");
}

double positive(const JsonObject& parameters, std::string_view key, double absent) {
  const double value = parameters.number(key).value_or(absent);
  if (!(value > 0.0)) parameters.refuse(key, "is not positive");
  return value;
}

double required_factor(const JsonObject& parameters) {
  const double factor = parameters.number("factor").value_or(0.0);
  if (!(factor >= 1.0)) parameters.refuse("factor", "is not a number from 1 up");
  return factor;
}

void read_llama3(const JsonObject& parameters, RopeSpec& spec) {
  spec.low_freq_factor = positive(parameters, "low_freq_factor", 0.0);
  spec.high_freq_factor = positive(parameters, "high_freq_factor", 0.0);
  if (spec.high_freq_factor <= spec.low_freq_factor) {
    parameters.refuse("high_freq_factor", "is not above low_freq_factor");
  }
  spec.original_max_position = positive(parameters, "original_max_position_embeddings", 0.0);
}

void read_yarn(const JsonObject& parameters, std::int32_t max_positions, RopeSpec& spec) {
  spec.original_max_position =
      positive(parameters, "original_max_position_embeddings", max_positions);
  spec.beta_fast = positive(parameters, "beta_fast", 32.0);
  spec.beta_slow = positive(parameters, "beta_slow", 1.0);
  spec.truncate = parameters.boolean("truncate").value_or(true);
  const auto optional_positive = [&](std::string_view key) {
    return parameters.has(key) ? positive(parameters, key, 0.0) : 0.0;
  };
  spec.attention_factor = optional_positive("attention_factor");
  // DeepSeek's form; a zero there means unused, as it does in RopeSpec.
  spec.mscale = parameters.number("mscale").value_or(0.0);
  spec.mscale_all_dim = parameters.number("mscale_all_dim").value_or(0.0);
  if (spec.mscale < 0.0) parameters.refuse("mscale", "is negative");
  if (spec.mscale_all_dim < 0.0) parameters.refuse("mscale_all_dim", "is negative");
}

void read_parameters(const JsonObject& parameters, std::int32_t max_positions, RopeSpec& spec) {
  for (const std::string& key : parameters.keys()) {
    const bool known = std::find(kKnownKeys.begin(), kKnownKeys.end(), key) != kKnownKeys.end();
    if (!known && parameters.has(key)) parameters.refuse(key, "is not supported");
  }
  spec.theta = positive(parameters, "rope_theta", spec.theta);
  spec.scaling = read_scaling(parameters);
  if (spec.scaling == RopeScaling::none) return;
  spec.factor = required_factor(parameters);
  if (spec.scaling == RopeScaling::llama3) read_llama3(parameters, spec);
  if (spec.scaling == RopeScaling::yarn) read_yarn(parameters, max_positions, spec);
}

std::int32_t rotary_dim(const JsonObject& config, const std::optional<JsonObject>& parameters,
                        std::int32_t head_dim) {
  constexpr const char* kKey = "partial_rotary_factor";
  const JsonObject& source = parameters && parameters->has(kKey) ? *parameters : config;
  const double fraction = source.number(kKey).value_or(1.0);
  if (!(fraction > 0.0 && fraction <= 1.0)) source.refuse(kKey, "is not above 0 and at most 1");
  const auto rotated = static_cast<std::int32_t>(std::floor(head_dim * fraction));
  if (rotated < 2 || rotated % 2 != 0) {
    source.refuse(kKey, "rotates an odd part of head_dim = " + std::to_string(head_dim));
  }
  return rotated;
}

}  // namespace

RopeSpec read_rope(const JsonObject& config, std::int32_t head_dim, std::int32_t max_positions) {
  RopeSpec spec;
  spec.theta = positive(config, "rope_theta", spec.theta);
  const bool modern = config.has("rope_parameters");
  if (modern && config.has("rope_scaling")) {
    const auto* parameters = config.value("rope_parameters");
    if (*parameters != *config.value("rope_scaling")) {
      config.refuse("rope_scaling", "contradicts rope_parameters");
    }
  }
  const auto parameters = config.object(modern ? "rope_parameters" : "rope_scaling");
  if (parameters) read_parameters(*parameters, max_positions, spec);
  spec.rotary_dim = rotary_dim(config, parameters, head_dim);
  return spec;
}

}  // namespace quire::engine
