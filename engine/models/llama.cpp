// llama (arXiv 2302.13971, 2307.09288, 2407.21783) and mistral (arXiv 2310.06825), which is llama
// with a sliding window in every layer.

#include "engine/models/family.h"
#include "engine/models/standard_layout.h"

namespace quire::engine {
namespace {

/// The window of layers that `layer_types` says nothing about.
std::int32_t uniform_window(const JsonObject& config, const ModelConfig& model) {
  const std::int32_t window = read_sliding_window(config);
  if (model.model_type == "mistral" || window == 0 || window >= model.max_positions) return window;
  // transformers ignores the key in llama, others apply it: nobody can know what was meant.
  config.refuse("sliding_window",
                "is ambiguous for model_type llama; set it to null or add layer_types");
}

}  // namespace

DecoderSpec make_llama_spec(const JsonObject& config) {
  ModelConfig model = read_model_config(config);
  if (model.layer_windows.empty()) {
    model.layer_windows.assign(static_cast<std::size_t>(model.layers),
                               uniform_window(config, model));
  }
  const bool attention_bias = config.boolean("attention_bias").value_or(false);
  return make_standard_spec(model, {.qkv_bias = attention_bias,
                                    .output_bias = attention_bias,
                                    .mlp_bias = config.boolean("mlp_bias").value_or(false)});
}

}  // namespace quire::engine
