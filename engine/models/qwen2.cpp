// qwen2 (arXiv 2407.10671) and Qwen2.5: llama with biases on q, k and v.

#include "engine/models/family.h"
#include "engine/models/qwen_windows.h"
#include "engine/models/standard_layout.h"

namespace quire::engine {

DecoderSpec make_qwen2_spec(const JsonObject& config) {
  ModelConfig model = read_model_config(config);
  apply_qwen_windows(config, model);
  for (const char* key : {"attention_bias", "qkv_bias"}) {
    if (!config.boolean(key).value_or(true)) config.refuse(key, "is not supported for qwen2");
  }
  return make_standard_spec(model, {.qkv_bias = true});
}

}  // namespace quire::engine
