#include "engine/config/generation_config.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

namespace quire::engine {
namespace {

struct UnsupportedDefault {
  const char* key;
  double neutral;  // as a number; an empty list or string and false are neutral too
};

constexpr std::array kUnsupported{
    UnsupportedDefault{"num_beams", 1},
    UnsupportedDefault{"num_beam_groups", 1},
    UnsupportedDefault{"penalty_alpha", 0},
    UnsupportedDefault{"typical_p", 1},
    UnsupportedDefault{"epsilon_cutoff", 0},
    UnsupportedDefault{"eta_cutoff", 0},
    UnsupportedDefault{"encoder_repetition_penalty", 1},
    UnsupportedDefault{"no_repeat_ngram_size", 0},
    UnsupportedDefault{"bad_words_ids", 0},
    UnsupportedDefault{"suppress_tokens", 0},
    UnsupportedDefault{"begin_suppress_tokens", 0},
    UnsupportedDefault{"sequence_bias", 0},
    UnsupportedDefault{"guidance_scale", 1},
};

bool is_neutral(const nlohmann::json& value, double neutral) {
  if (value.is_number()) return value.get<double>() == neutral;
  if (value.is_boolean()) return !value.get<bool>();
  return value.empty();
}

struct Bounds {
  double min = 0.0;
  double max = 0.0;
};

std::optional<float> read_number(const JsonObject& config, const char* key, Bounds bounds) {
  const auto number = config.number(key);
  if (!number) return std::nullopt;
  if (*number < bounds.min || *number > bounds.max) {
    config.refuse(key, "is not from " + nlohmann::json(bounds.min).dump() + " to " +
                           nlohmann::json(bounds.max).dump());
  }
  return static_cast<float>(*number);
}

// Smallest probability mass and penalty that survive the conversion to float.
constexpr double kAboveZero = std::numeric_limits<float>::min();

}  // namespace

SamplingDefaults read_sampling_defaults(const JsonObject& config) {
  for (const UnsupportedDefault& unsupported : kUnsupported) {
    const nlohmann::json* value = config.value(unsupported.key);
    if (value != nullptr && !is_neutral(*value, unsupported.neutral)) {
      config.refuse(unsupported.key, "is not supported; remove it from generation_config.json");
    }
  }
  SamplingDefaults defaults;
  defaults.repetition_penalty = read_number(config, "repetition_penalty", {kAboveZero, 100.0});
  const auto temperature = read_number(config, "temperature", {0.0, 100.0});
  const auto top_p = read_number(config, "top_p", {kAboveZero, 1.0});
  const auto min_p = read_number(config, "min_p", {0.0, 1.0});
  constexpr IntRange kTopK{-1, std::numeric_limits<std::int32_t>::max()};
  const auto top_k = config.integer("top_k", kTopK);
  // Beside do_sample = false the other four have no effect in transformers.
  if (!config.boolean("do_sample").value_or(true)) return defaults;
  defaults.temperature = temperature;
  defaults.top_p = top_p;
  defaults.min_p = min_p;
  if (top_k) defaults.top_k = std::max(*top_k, 0);
  return defaults;
}

std::vector<TokenId> read_eos(const JsonObject& config, std::int32_t vocab_size) {
  // -1 is how some tools write "none".
  std::vector<TokenId> eos = config.integers("eos_token_id", {-1, vocab_size - 1});
  std::erase(eos, -1);
  std::sort(eos.begin(), eos.end());
  eos.erase(std::unique(eos.begin(), eos.end()), eos.end());
  return eos;
}

}  // namespace quire::engine
