// qwen3 (arXiv 2505.09388): llama with an RMSNorm over each head of q and k before the rotation.

#include "engine/models/family.h"
#include "engine/models/qwen_windows.h"
#include "engine/models/standard_layout.h"

namespace quire::engine {

DecoderSpec make_qwen3_spec(const JsonObject& config) {
  ModelConfig model = read_model_config(config);
  apply_qwen_windows(config, model);
  const bool bias = config.boolean("attention_bias").value_or(false);
  return make_standard_spec(model, {.qkv_bias = bias, .output_bias = bias, .qk_norm = true});
}

}  // namespace quire::engine
