#include "tools/bench/prompts.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

namespace quire::tools::bench {
namespace {

using nlohmann::json;

constexpr std::uint32_t kPoolWords = 2048;
constexpr const char* kCompletions = "/v1/completions";

/// Word number `index`: pronounceable, and the same on every machine.
std::string word(std::uint32_t index) {
  static constexpr std::string_view kConsonants = "bdfgklmnprstvz";
  static constexpr std::string_view kVowels = "aeiou";
  std::string text;
  for (std::uint32_t rest = index + 70; rest > 0; rest /= 70) {
    const std::uint32_t syllable = rest % 70;
    text += kConsonants[syllable % kConsonants.size()];
    text += kVowels[syllable / kConsonants.size()];
  }
  return text;
}

std::string words(const std::vector<std::uint32_t>& units) {
  std::string text;
  for (const std::uint32_t unit : units) {
    if (!text.empty()) text += ' ';
    text += word(unit);
  }
  return text;
}

/// The "tokens" of an answer, when they are a list of ids.
std::vector<std::int32_t> ids_of(const Reply& reply) {
  if (reply.status != 200) return {};
  const json answer = json::parse(reply.body, nullptr, false);
  if (!answer.is_object() || !answer.contains("tokens") || !answer["tokens"].is_array()) return {};
  std::vector<std::int32_t> ids;
  for (const json& id : answer["tokens"]) {
    if (!id.is_number_integer()) return {};
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

/// Ids of a text by the server's own tokenizer, asked as vLLM's and then as llama-server's; nothing
/// when it has no such endpoint.
std::vector<std::int32_t> tokenize(const Target& target, const std::string& model,
                                   const std::string& text) {
  const json body{{"model", model}, {"prompt", text}, {"add_special_tokens", false}};
  std::vector<std::int32_t> ids = ids_of(ask(target, "/tokenize", body.dump()));
  if (!ids.empty()) return ids;
  const json other{{"content", text}, {"add_special", false}};
  return ids_of(ask(target, "/tokenize", other.dump()));
}

}  // namespace

std::string first_model(const Target& target) {
  const Reply reply = ask(target, "/v1/models", std::nullopt);
  const json answer = json::parse(reply.body, nullptr, false);
  if (reply.status == 200 && answer.is_object() && answer.contains("data") &&
      answer["data"].is_array() && !answer["data"].empty()) {
    return answer["data"][0].value("id", "");
  }
  throw BenchError(fmt::format("/v1/models answered {}: {}", reply.status, reply.body));
}

PromptMaker::PromptMaker(const Target& target, const std::string& model, std::string endpoint)
    : endpoint_(std::move(endpoint)) {
  std::vector<std::uint32_t> all(kPoolWords);
  for (std::uint32_t i = 0; i < kPoolWords; ++i) all[i] = i;
  const std::vector<std::int32_t> ids = tokenize(target, model, words(all));
  if (ids.empty()) return;
  tokens_per_word_ = static_cast<double>(ids.size()) / kPoolWords;
  if (endpoint_ != kCompletions) return;
  const std::set<std::int32_t> unique(ids.begin(), ids.end());
  ids_.assign(unique.begin(), unique.end());
}

std::vector<LoadRequest> PromptMaker::make(const DatasetOptions& options,
                                           const Common& common) const {
  const bool by_ids = !ids_.empty();
  const auto pool = by_ids ? static_cast<std::uint32_t>(ids_.size()) : kPoolWords;
  std::vector<LoadRequest> requests;
  for (PromptPlan& plan : plan_prompts(options, pool)) {
    const auto length = static_cast<std::int32_t>(plan.units.size());
    json body{{"model", common.model},
              {"stream", true},
              {"stream_options", {{"include_usage", true}}},
              {"temperature", common.temperature},
              {"max_tokens", plan.output_len}};
    if (common.ignore_eos) body["ignore_eos"] = true;
    if (by_ids) {
      json ids = json::array();
      for (const std::uint32_t unit : plan.units) ids.push_back(ids_[unit]);
      body["prompt"] = std::move(ids);
    } else {
      // As many words as make the wanted number of tokens; the server's usage tells how many they
      // were.
      const double each = tokens_per_word_ > 0 ? tokens_per_word_ : 1.0;
      plan.units.resize(static_cast<std::size_t>(std::max(1.0, std::round(length / each))));
      const std::string text = words(plan.units);
      if (endpoint_ == kCompletions) {
        body["prompt"] = text;
      } else {
        body["messages"] = json::array({{{"role", "user"}, {"content", text}}});
      }
    }
    requests.push_back({.body = body.dump(), .prompt_tokens = length});
  }
  return requests;
}

std::string PromptMaker::describe() const {
  if (!ids_.empty()) return "token ids";
  if (tokens_per_word_ > 0) return fmt::format("words ({:.2f} tokens each)", tokens_per_word_);
  return "words (the server has no /tokenize: lengths count words)";
}

}  // namespace quire::tools::bench
