// A small config.json that tests change.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/config/json_object.h"

namespace quire::engine::test {

inline const char* const kLlama = R"({
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
  "intermediate_size": 172, "num_hidden_layers": 3, "num_attention_heads": 8,
  "num_key_value_heads": 4, "vocab_size": 512, "max_position_embeddings": 128,
  "rms_norm_eps": 1e-05, "hidden_act": "silu", "rope_theta": 500000, "rope_scaling": null,
  "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": true, "pretraining_tp": 2,
  "torch_dtype": "bfloat16", "eos_token_id": 2, "initializer_range": 0.02})";

/// `base` with `patch` merged in (RFC 7396): a null removes a key.
inline JsonObject object(const nlohmann::json& patch, const char* base = kLlama) {
  nlohmann::json config = nlohmann::json::parse(base);
  if (!patch.is_null()) config.merge_patch(patch);
  return JsonObject::from_text(config.dump(), "m/config.json");
}

}  // namespace quire::engine::test
