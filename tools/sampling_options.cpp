#include "tools/sampling_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>
#include <random>
#include <stdexcept>

namespace quire::tools {
namespace {

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

std::optional<std::pair<engine::TokenId, float>> parse_bias(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const char* end = text.data() + text.size();
  std::pair<engine::TokenId, float> bias;
  const auto id = std::from_chars(text.data(), text.data() + colon, bias.first);
  const auto value = std::from_chars(text.data() + colon + 1, end, bias.second);
  if (id.ec != std::errc{} || id.ptr != text.data() + colon) return std::nullopt;
  if (value.ec != std::errc{} || value.ptr != end) return std::nullopt;
  return bias;
}

std::string check_bias(const std::string& text) {
  return parse_bias(text) ? std::string{} : "\"" + text + "\" is not ID:VALUE (example: 42:-5)";
}

std::string check_text(const std::string& text) {
  return text.empty() ? std::string{"must not be empty"} : std::string{};
}

void add_penalties(CLI::App& command, SamplingOptions& o) {
  command
      .add_option(
          "--repetition-penalty", o.repetition_penalty,
          "Divides the odds of tokens seen before, > 0. Default: the model's, else 1 (off).")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--presence-penalty", o.presence_penalty,
                  "Subtracted once from the logits of tokens of the answer.")
      ->check(CLI::Range(-2.0, 2.0));
  command
      .add_option("--frequency-penalty", o.frequency_penalty,
                  "Subtracted for each time that a token is in the answer.")
      ->check(CLI::Range(-2.0, 2.0));
  command
      .add_option("--repetition-context-size", o.repetition_context_size,
                  "How many of the latest tokens the repetition penalty looks at; 0 = all.")
      ->check(CLI::Range(0, kMost));
  command
      .add_option("--presence-context-size", o.presence_context_size,
                  "How many of the latest tokens the presence penalty looks at; 0 = all.")
      ->check(CLI::Range(0, kMost));
  command
      .add_option("--frequency-context-size", o.frequency_context_size,
                  "How many of the latest tokens the frequency penalty looks at; 0 = all.")
      ->check(CLI::Range(0, kMost));
  command
      .add_option("--logit-bias", o.logit_bias,
                  "ID:VALUE, added to the logit of a token; may be given several times.")
      ->check(CLI::Validator(check_bias, "ID:VALUE"));
}

void add_ends(CLI::App& command, SamplingOptions& o) {
  command.add_option("--stop", o.stop, "Text that ends the answer; may be given several times.")
      ->check(CLI::Validator(check_text, "TEXT"));
  command
      .add_option("--stop-token-ids", o.stop_token_ids,
                  "Token ids that end the answer, besides the model's own.")
      ->check(CLI::Range(0, kMost));
  command.add_flag("--ignore-eos", o.ignore_eos, "Go on after the model's own end tokens.");
  command.add_option("--min-tokens", o.min_tokens, "No end token before so many tokens.")
      ->check(CLI::Range(0, kMost));
  command
      .add_option("--max-tokens", o.max_tokens,
                  "Tokens of the answer at most; 0 = the rest of the context.")
      ->check(CLI::Range(0, kMost));
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& o, std::int32_t max_tokens) {
  o.max_tokens = max_tokens;
  command
      .add_option("--temperature", o.temperature,
                  "0 = always the most likely token. Default: the model's, else 1.")
      ->check(CLI::Range(0.0, 100.0));
  command
      .add_option("--top-k", o.top_k,
                  "Sample from the K most likely tokens; 0 = off. Default: the model's, else 0.")
      ->check(CLI::Range(0, kMost));
  command
      .add_option(
          "--top-p", o.top_p,
          "Sample from the most likely tokens that together have this probability, in (0, 1]. "
          "Default: the model's, else 1 (off).")
      ->check(CLI::PositiveNumber & CLI::Range(0.0, 1.0));
  command
      .add_option("--min-p", o.min_p,
                  "Drop tokens below this part of the most likely one's probability. Default: the "
                  "model's, else 0 (off).")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--seed", o.seed, "Same seed, same answer. Default: drawn at random.");
  add_penalties(command, o);
  add_ends(command, o);
}

engine::SamplingParams make_sampling(const SamplingOptions& o, const engine::Model& model) {
  const engine::SamplingDefaults& defaults = model.sampling_defaults();
  engine::SamplingParams p;
  p.temperature = o.temperature.value_or(defaults.temperature.value_or(p.temperature));
  p.top_k = o.top_k.value_or(defaults.top_k.value_or(p.top_k));
  p.top_p = o.top_p.value_or(defaults.top_p.value_or(p.top_p));
  p.min_p = o.min_p.value_or(defaults.min_p.value_or(p.min_p));
  p.repetition_penalty =
      o.repetition_penalty.value_or(defaults.repetition_penalty.value_or(p.repetition_penalty));
  p.presence_penalty = o.presence_penalty;
  p.frequency_penalty = o.frequency_penalty;
  p.repetition_context_size = o.repetition_context_size;
  p.presence_context_size = o.presence_context_size;
  p.frequency_context_size = o.frequency_context_size;
  for (const std::string& text : o.logit_bias) p.logit_bias.push_back(*parse_bias(text));
  std::sort(p.logit_bias.begin(), p.logit_bias.end());
  const auto same_id = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(p.logit_bias.begin(), p.logit_bias.end(), same_id) != p.logit_bias.end()) {
    throw std::runtime_error("--logit-bias names a token twice");
  }
  std::random_device entropy;
  p.seed = o.seed.value_or((std::uint64_t{entropy()} << 32U) | entropy());
  p.stop_token_ids.assign(o.stop_token_ids.begin(), o.stop_token_ids.end());
  if (!o.ignore_eos) {
    const auto& eos = model.summary().eos;
    p.stop_token_ids.insert(p.stop_token_ids.end(), eos.begin(), eos.end());
  }
  std::sort(p.stop_token_ids.begin(), p.stop_token_ids.end());
  p.stop_token_ids.erase(std::unique(p.stop_token_ids.begin(), p.stop_token_ids.end()),
                         p.stop_token_ids.end());
  p.min_tokens = o.min_tokens;
  p.max_tokens = o.max_tokens;
  return p;
}

}  // namespace quire::tools
