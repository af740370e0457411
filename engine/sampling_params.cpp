#include "engine/sampling_params.h"

#include <cmath>

namespace quire::engine {
namespace {

std::string out_of_range(const std::string& name, double value, const std::string& range) {
  std::string text = std::to_string(value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return name + " must be " + range + ", got " + text;
}

bool within(float value, float low, float high) {
  return std::isfinite(value) && value >= low && value <= high;
}

}  // namespace

std::optional<std::string> find_bad_sampling_param(const SamplingParams& p,
                                                   std::int32_t vocab_size) {
  if (!within(p.temperature, 0.0F, 100.0F)) {
    return out_of_range("temperature", p.temperature, "between 0 and 100");
  }
  if (p.top_k < 0) return out_of_range("top_k", p.top_k, "0 (off) or a positive integer");
  if (!(within(p.top_p, 0.0F, 1.0F) && p.top_p > 0)) {
    return out_of_range("top_p", p.top_p, "above 0 and at most 1");
  }
  if (!within(p.min_p, 0.0F, 1.0F)) return out_of_range("min_p", p.min_p, "between 0 and 1");
  if (!(within(p.repetition_penalty, 0.0F, 1e6F) && p.repetition_penalty > 0)) {
    return out_of_range("repetition_penalty", p.repetition_penalty, "above 0");
  }
  if (!within(p.presence_penalty, -2.0F, 2.0F)) {
    return out_of_range("presence_penalty", p.presence_penalty, "between -2 and 2");
  }
  if (!within(p.frequency_penalty, -2.0F, 2.0F)) {
    return out_of_range("frequency_penalty", p.frequency_penalty, "between -2 and 2");
  }
  const std::pair<const char*, std::int32_t> sizes[] = {
      {"repetition_context_size", p.repetition_context_size},
      {"presence_context_size", p.presence_context_size},
      {"frequency_context_size", p.frequency_context_size},
      {"min_tokens", p.min_tokens},
  };
  for (const auto& [name, value] : sizes) {
    if (value < 0) return out_of_range(name, value, "0 or a positive integer");
  }
  for (const auto& [id, bias] : p.logit_bias) {
    if (id < 0 || id >= vocab_size) {
      return out_of_range("logit_bias token id", id, "below " + std::to_string(vocab_size));
    }
    if (!within(bias, -100.0F, 100.0F)) {
      return out_of_range("logit_bias value", bias, "between -100 and 100");
    }
  }
  for (const TokenId id : p.stop_token_ids) {
    if (id < 0 || id >= vocab_size) {
      return out_of_range("stop_token_ids entry", id, "below " + std::to_string(vocab_size));
    }
  }
  if (p.max_tokens < (p.prompt_logprobs ? 0 : 1)) {
    return out_of_range("max_tokens", p.max_tokens, "at least 1 (0 only with echo)");
  }
  if (p.min_tokens > p.max_tokens) {
    return out_of_range("min_tokens", p.min_tokens,
                        "at most max_tokens (" + std::to_string(p.max_tokens) + ")");
  }
  if (p.top_logprobs < 0 || p.top_logprobs > 20) {
    return out_of_range("top_logprobs", p.top_logprobs, "between 0 and 20");
  }
  return std::nullopt;
}

}  // namespace quire::engine
