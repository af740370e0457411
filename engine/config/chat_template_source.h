// Where a model folder keeps its chat template, and the special tokens that templates name.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/model_files.h"

namespace quire::engine {

/// chat_template.jinja if there is one; else `chat_template` of tokenizer_config.json: a string, or
/// a list of {"name", "template"} of which "default" is taken. Nothing when the folder has neither.
/// Throws LoadError when it has other forms only.
std::optional<std::string> find_chat_template(const ModelFiles& files);

/// {"bos_token": "<s>", ...}: strings, and additional_special_tokens as a list of strings, from
/// tokenizer_config.json, else special_tokens_map.json. Tokens that are not set are absent.
nlohmann::ordered_json read_template_variables(const ModelFiles& files);

}  // namespace quire::engine
