#include "engine/config/chat_template_source.h"

#include <array>
#include <nlohmann/json.hpp>

#include "engine/config/json_object.h"

namespace quire::engine {
namespace {

using Json = nlohmann::json;

constexpr const char* kTokenizerConfig = "tokenizer_config.json";
constexpr const char* kSpecialTokensMap = "special_tokens_map.json";
constexpr const char* kTemplateFile = "chat_template.jinja";

constexpr std::array kTokenKeys{"bos_token", "eos_token", "unk_token", "sep_token",
                                "pad_token", "cls_token", "mask_token"};

std::string default_of(const JsonObject& config, const Json& named) {
  for (const Json& entry : named) {
    const bool valid = entry.is_object() && entry.value("name", Json()).is_string() &&
                       entry.value("template", Json()).is_string();
    if (!valid) config.refuse("chat_template", "is not a list of {name, template}");
    if (entry["name"] == "default") return entry["template"].get<std::string>();
  }
  config.refuse("chat_template", "has no template named default");
}

/// A token is a string, or an AddedToken object that holds it as "content".
std::optional<std::string> token_text(const JsonObject& config, const char* key,
                                      const Json& token) {
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.value("content", Json()).is_string()) {
    return token["content"].get<std::string>();
  }
  if (token.is_null()) return std::nullopt;
  config.refuse(key, "is neither a string nor an object with content");
}

void add_missing_tokens(const JsonObject& config, nlohmann::ordered_json& variables) {
  for (const char* key : kTokenKeys) {
    const Json* token = config.value(key);
    if (token == nullptr || variables.contains(key)) continue;
    if (auto text = token_text(config, key, *token)) variables[key] = *std::move(text);
  }
  constexpr const char* kAdditional = "additional_special_tokens";
  const Json* additional = config.value(kAdditional);
  if (additional == nullptr || variables.contains(kAdditional)) return;
  if (!additional->is_array()) config.refuse(kAdditional, "is not a list");
  nlohmann::ordered_json texts = nlohmann::ordered_json::array();
  for (const Json& token : *additional) {
    if (auto text = token_text(config, kAdditional, token)) texts.push_back(*std::move(text));
  }
  variables[kAdditional] = std::move(texts);
}

}  // namespace

std::optional<std::string> find_chat_template(const ModelFiles& files) {
  if (files.contains(kTemplateFile)) return std::string(files.text(kTemplateFile));
  if (!files.contains(kTokenizerConfig)) return std::nullopt;
  const JsonObject config = JsonObject::from_file(files, kTokenizerConfig);
  const Json* found = config.value("chat_template");
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) config.refuse("chat_template", "is neither a string nor a list");
  return default_of(config, *found);
}

nlohmann::ordered_json read_template_variables(const ModelFiles& files) {
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  for (const char* name : {kTokenizerConfig, kSpecialTokensMap}) {
    if (files.contains(name)) add_missing_tokens(JsonObject::from_file(files, name), variables);
  }
  return variables;
}

}  // namespace quire::engine
