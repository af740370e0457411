#include "engine/models/family.h"

#include <array>
#include <string_view>

namespace quire::engine {
namespace {

struct Family {
  std::string_view model_type;
  DecoderSpec (*make_spec)(const JsonObject&);
};

constexpr std::array kFamilies{
    Family{"llama", make_llama_spec},
    Family{"mistral", make_llama_spec},
    Family{"qwen2", make_qwen2_spec},
    Family{"qwen3", make_qwen3_spec},
};

}  // namespace

DecoderSpec make_decoder_spec(const JsonObject& config) {
  const std::string model_type = config.required_text("model_type");
  std::string known;
  for (const Family& family : kFamilies) {
    if (family.model_type == model_type) return family.make_spec(config);
    known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  }
  config.refuse("model_type", "is not supported; supported are " + known);
}

}  // namespace quire::engine
