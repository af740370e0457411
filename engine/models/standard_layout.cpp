#include "engine/models/standard_layout.h"

#include <cmath>
#include <string>

namespace quire::engine {
namespace {

AttentionSpec make_attention(const ModelConfig& config, const LayerTraits& traits,
                             const std::string& path) {
  const std::int32_t q_width = config.heads * config.head_dim;
  const std::int32_t kv_width = config.kv_heads * config.head_dim;
  AttentionSpec attention;
  attention.q = {path + ".q_proj", q_width, config.width, traits.qkv_bias};
  attention.k = {path + ".k_proj", kv_width, config.width, traits.qkv_bias};
  attention.v = {path + ".v_proj", kv_width, config.width, traits.qkv_bias};
  attention.o = {path + ".o_proj", config.width, q_width, traits.output_bias};
  if (traits.qk_norm) {
    attention.q_norm = NormSpec{path + ".q_norm", config.head_dim};
    attention.k_norm = NormSpec{path + ".k_norm", config.head_dim};
  }
  return attention;
}

MlpSpec make_mlp(const ModelConfig& config, const LayerTraits& traits, const std::string& path) {
  return {.gate = {path + ".gate_proj", config.inner, config.width, traits.mlp_bias},
          .up = {path + ".up_proj", config.inner, config.width, traits.mlp_bias},
          .down = {path + ".down_proj", config.width, config.inner, traits.mlp_bias}};
}

}  // namespace

DecoderSpec make_standard_spec(const ModelConfig& config, const LayerTraits& traits) {
  DecoderSpec spec;
  spec.model_type = config.model_type;
  spec.vocab_size = config.vocab_size;
  spec.width = config.width;
  spec.max_positions = config.max_positions;
  spec.heads = config.heads;
  spec.kv_heads = config.kv_heads;
  spec.head_dim = config.head_dim;
  spec.inner = config.inner;
  spec.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_dim)));
  spec.norm_epsilon = static_cast<float>(config.norm_epsilon);
  spec.activation = config.activation;
  spec.rope = config.rope;
  spec.embedding = {"model.embed_tokens", config.vocab_size, config.width, false};
  spec.final_norm = {"model.norm", config.width};
  spec.head = {"lm_head", config.vocab_size, config.width, false};
  spec.tied = config.tied;
  for (std::int32_t i = 0; i < config.layers; ++i) {
    const std::string path = "model.layers." + std::to_string(i);
    LayerSpec layer;
    layer.attention_norm = {path + ".input_layernorm", config.width};
    layer.attention = make_attention(config, traits, path + ".self_attn");
    layer.mlp_norm = {path + ".post_attention_layernorm", config.width};
    layer.mlp = make_mlp(config, traits, path + ".mlp");
    if (!config.layer_windows.empty()) {
      layer.attention.window = config.layer_windows[static_cast<std::size_t>(i)];
    }
    spec.layers.push_back(std::move(layer));
  }
  return spec;
}

}  // namespace quire::engine
