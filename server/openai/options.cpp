#include "server/openai/options.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "server/http/request_id.h"

namespace quire::server {
namespace {

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMinInt32 = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kMaxTopLogprobs = 20;
constexpr std::size_t kMaxStopTokenIds = 1024;

std::int32_t to_int32(std::int64_t value) {
  return static_cast<std::int32_t>(value);
}

void read_numbers(FieldReader& fields, const ServedModel& served, engine::SamplingParams& out) {
  const DefaultSampling& mine = served.config.sampling;
  const engine::SamplingDefaults& models = served.defaults;
  const auto number = [&](const char* name, double low, double high, std::optional<float> first,
                          std::optional<float> second, float& target) {
    target = first.value_or(second.value_or(target));
    if (const auto given = fields.number(name, low, high)) target = static_cast<float>(*given);
  };
  number("temperature", 0, 100, mine.temperature, models.temperature, out.temperature);
  number("top_p", 0, 1, mine.top_p, models.top_p, out.top_p);
  number("min_p", 0, 1, mine.min_p, models.min_p, out.min_p);
  number("repetition_penalty", 0, 1e6, mine.repetition_penalty, models.repetition_penalty,
         out.repetition_penalty);
  number("presence_penalty", -2, 2, {}, {}, out.presence_penalty);
  number("frequency_penalty", -2, 2, {}, {}, out.frequency_penalty);
  if (!(out.top_p > 0)) fields.fail(ErrorKind::invalid_value, "top_p", "must be above 0");
  if (!(out.repetition_penalty > 0)) {
    fields.fail(ErrorKind::invalid_value, "repetition_penalty", "must be above 0");
  }
  out.top_k = mine.top_k.value_or(models.top_k.value_or(out.top_k));
  if (const auto top_k = fields.integer("top_k", -1, kMaxInt32)) out.top_k = to_int32(*top_k);
  out.top_k = std::max(out.top_k, 0);  // -1 is an old spelling of "off"
  const auto size = [&](const char* name, std::int32_t& target) {
    if (const auto given = fields.integer(name, 0, kMaxInt32)) target = to_int32(*given);
  };
  size("repetition_context_size", out.repetition_context_size);
  size("presence_context_size", out.presence_context_size);
  size("frequency_context_size", out.frequency_context_size);
  size("min_tokens", out.min_tokens);
}

void read_logit_bias(FieldReader& fields, std::int32_t vocab, engine::SamplingParams& out) {
  const Json* bias = fields.object("logit_bias");
  if (bias == nullptr) return;
  for (const auto& [key, value] : bias->get_ref<const Json::object_t&>()) {
    engine::TokenId id = -1;
    const char* end = key.data() + key.size();
    const auto parsed = std::from_chars(key.data(), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end || id < 0 || id >= vocab) {
      return fields.fail(
          ErrorKind::invalid_value, "logit_bias",
          "has the key \"" + key + "\", which is no token id below " + std::to_string(vocab));
    }
    const double amount = value.is_number() ? value.get<double>() : 1000;
    if (!(amount >= -100 && amount <= 100)) {
      return fields.fail(ErrorKind::invalid_value, "logit_bias",
                         "values must be numbers between -100 and 100");
    }
    out.logit_bias.emplace_back(id, static_cast<float>(amount));
  }
  std::sort(out.logit_bias.begin(), out.logit_bias.end());
  const auto same_id = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(out.logit_bias.begin(), out.logit_bias.end(), same_id) !=
      out.logit_bias.end()) {
    fields.fail(ErrorKind::invalid_value, "logit_bias", "names a token id twice");
  }
}

void read_stop_token_ids(FieldReader& fields, const ServedModel& served,
                         engine::SamplingParams& out) {
  if (!fields.boolean("ignore_eos", false)) out.stop_token_ids = served.summary.eos;
  if (const Json* ids = fields.array("stop_token_ids")) {
    if (ids->size() > kMaxStopTokenIds) {
      fields.fail(ErrorKind::invalid_value, "stop_token_ids",
                  "must not have more than " + std::to_string(kMaxStopTokenIds) + " entries");
      return;
    }
    for (const Json& id : *ids) {
      if (!id.is_number_unsigned() ||
          id.get<std::uint64_t>() >= static_cast<std::uint64_t>(served.summary.vocab_size)) {
        fields.fail(ErrorKind::invalid_value, "stop_token_ids",
                    "must hold token ids below " + std::to_string(served.summary.vocab_size) +
                        ", got " + (id.is_number() ? id.dump() : id.type_name()));
        return;
      }
      out.stop_token_ids.push_back(id.get<engine::TokenId>());
    }
  }
  std::sort(out.stop_token_ids.begin(), out.stop_token_ids.end());
  out.stop_token_ids.erase(std::unique(out.stop_token_ids.begin(), out.stop_token_ids.end()),
                           out.stop_token_ids.end());
}

void read_stops(FieldReader& fields, std::vector<std::string>& stops) {
  const Json* stop = fields.any("stop");
  if (stop == nullptr) return;
  if (stop->is_array() && stop->size() > kMaxStopStrings) {
    return fields.fail(ErrorKind::invalid_value, "stop",
                       "must not have more than " + std::to_string(kMaxStopStrings) + " strings");
  }
  const Json list = stop->is_array() ? *stop : Json::array({*stop});
  for (const Json& entry : list) {
    if (!entry.is_string()) {
      return fields.fail(
          ErrorKind::invalid_type, "stop",
          std::string("must be a string or an array of strings, got ") + type_name_of(entry));
    }
    const auto& text = entry.get_ref<const std::string&>();
    if (text.empty() || text.size() > kMaxStopBytes) {
      return fields.fail(ErrorKind::invalid_value, "stop",
                         "strings must have 1 to " + std::to_string(kMaxStopBytes) + " bytes");
    }
    stops.push_back(text);
  }
}

void read_logprobs(FieldReader& fields, Dialect dialect, engine::SamplingParams& out) {
  if (dialect == Dialect::completions) {
    if (const auto count = fields.integer("logprobs", 0, kMaxTopLogprobs)) {
      out.logprobs = true;
      out.top_logprobs = to_int32(*count);
    }
    return;
  }
  out.logprobs = fields.boolean("logprobs", false);
  if (const auto count = fields.integer("top_logprobs", 0, kMaxTopLogprobs)) {
    out.top_logprobs = to_int32(*count);
    if (!out.logprobs && *count > 0) {
      fields.fail(ErrorKind::invalid_value, "top_logprobs", "needs logprobs to be true");
    }
  }
}

void read_streaming(FieldReader& fields, GenerationOptions& out) {
  out.stream = fields.boolean("stream", false);
  const Json* options = fields.object("stream_options");
  if (options == nullptr) return;
  if (!out.stream) {
    fields.fail(ErrorKind::invalid_value, "stream_options", "needs stream to be true");
  }
  FieldReader inner(*options, fields.path_of("stream_options"));
  out.include_usage = inner.boolean("include_usage", false);
  out.continuous_usage = inner.boolean("continuous_usage_stats", false);
  inner.accept({"include_obfuscation"});
  if (auto error = inner.finish()) fields.fail(std::move(*error));
}

void read_max_tokens(FieldReader& fields, GenerationOptions& out) {
  const std::int64_t least = out.dialect == Dialect::completions ? 0 : 1;
  const auto old_name = fields.integer("max_tokens", least, kMaxInt32);
  if (old_name) out.max_tokens = to_int32(*old_name);
  if (out.dialect == Dialect::completions) return;
  if (const auto new_name = fields.integer("max_completion_tokens", 1, kMaxInt32)) {
    if (old_name && *old_name != *new_name) {
      fields.fail(ErrorKind::invalid_value, "max_completion_tokens",
                  "contradicts max_tokens: give one of them");
    }
    out.max_tokens = to_int32(*new_name);
    out.max_tokens_field = "max_completion_tokens";
  }
}

void read_model(FieldReader& fields, const ServedModel& served) {
  const auto model = fields.text("model", kMaxNameBytes);
  if (!model) return;
  if (auto error = find_unknown_model(*model, served.config)) fields.fail(std::move(*error));
}

/// Fields of the OpenAI schema which cannot change an answer of this server, in any value or only
/// in some.
void read_neutral_fields(FieldReader& fields) {
  fields.accept(
      {"user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"});
  if (fields.boolean("store", false)) {
    fields.fail(ErrorKind::unsupported_field, "store", "must be false: answers are not stored");
  }
  const auto tier = fields.text("service_tier", kMaxNameBytes);
  if (tier && *tier != "auto" && *tier != "default") {
    fields.fail(ErrorKind::unsupported_field, "service_tier", "must be \"auto\" or \"default\"");
  }
}

}  // namespace

std::optional<ApiError> find_unknown_model(const std::string& name, const ServerConfig& config) {
  const auto& names = config.model_names;
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
  return ApiError{
      ErrorKind::model_not_found,
      "the model '" + name + "' is not served here; this server has '" + names.front() + "'",
      "model",
      {}};
}

GenerationOptions read_options(FieldReader& fields, const ServedModel& served, Dialect dialect) {
  GenerationOptions out;
  out.dialect = dialect;
  read_model(fields, served);
  read_numbers(fields, served, out.sampling);
  read_logit_bias(fields, served.summary.vocab_size, out.sampling);
  read_stop_token_ids(fields, served, out.sampling);
  read_stops(fields, out.stops);
  read_logprobs(fields, dialect, out.sampling);
  read_streaming(fields, out);
  read_max_tokens(fields, out);
  read_neutral_fields(fields);
  const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX);
  out.seed = seed ? *seed : static_cast<std::int64_t>(random_seed());
  out.n = to_int32(fields.integer("n", 1, served.config.limits.choices).value_or(1));
  out.priority = to_int32(fields.integer("priority", kMinInt32, kMaxInt32).value_or(0));
  out.cache_salt = fields.text("cache_salt", kMaxNameBytes).value_or("");
  out.include_stop = fields.boolean("include_stop_str_in_output", false);
  out.skip_special_tokens = fields.boolean("skip_special_tokens", true);
  out.return_token_ids = fields.boolean("return_token_ids", false);
  out.tokens_as_ids = fields.boolean("return_tokens_as_token_ids", false);
  return out;
}

std::int64_t seed_of_choice(std::int64_t seed, std::int32_t choice) noexcept {
  if (choice == 0) return seed;
  // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), the choice-th output after `seed`.
  std::uint64_t z =
      static_cast<std::uint64_t>(seed) + static_cast<std::uint64_t>(choice) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  z ^= z >> 31U;
  return static_cast<std::int64_t>(z & ((std::uint64_t{1} << 53U) - 1));
}

}  // namespace quire::server
