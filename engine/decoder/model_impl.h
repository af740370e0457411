// What a Model holds; the Executor reads it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/decoder/decoder.h"
#include "engine/model.h"

namespace quire::engine {

struct Model::Impl {
  ModelFiles files;  // the tokenizer and the template may point into them
  Decoder decoder;
  ModelSummary summary;
  SamplingDefaults sampling_defaults;
  Tokenizer tokenizer;
  std::optional<ChatTemplate> chat_template;
  nlohmann::ordered_json template_variables;
};

}  // namespace quire::engine
