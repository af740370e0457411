// Keys by which other decoders change the computation. A config may name them with the value that
// changes nothing; any other value is refused, because ignoring it would compute another model.

#include <array>
#include <nlohmann/json.hpp>

#include "engine/config/model_config.h"

namespace quire::engine {
namespace {

/// Values that leave the mathematics alone. Null and absence always do.
enum class Neutral : std::uint8_t { off /* false, 0 or empty */, one };

struct UnsupportedKey {
  const char* key;
  Neutral neutral;
};

constexpr std::array kUnsupported{
    // multipliers and soft caps (granite, gemma, cohere, minicpm)
    UnsupportedKey{"attention_multiplier", Neutral::off},
    UnsupportedKey{"residual_multiplier", Neutral::one},
    UnsupportedKey{"embedding_multiplier", Neutral::one},
    UnsupportedKey{"logits_scaling", Neutral::one},
    UnsupportedKey{"logit_scale", Neutral::one},
    UnsupportedKey{"scale_emb", Neutral::one},
    UnsupportedKey{"scale_depth", Neutral::off},
    UnsupportedKey{"attn_logit_softcapping", Neutral::off},
    UnsupportedKey{"final_logit_softcapping", Neutral::off},
    UnsupportedKey{"query_pre_attn_scalar", Neutral::off},
    UnsupportedKey{"clip_qkv", Neutral::off},
    // positions
    UnsupportedKey{"rope_traditional", Neutral::off},
    UnsupportedKey{"rope_interleaved", Neutral::off},
    UnsupportedKey{"rope_local_base_freq", Neutral::off},
    UnsupportedKey{"no_rope_layers", Neutral::off},
    UnsupportedKey{"no_rope_layer_interval", Neutral::off},
    UnsupportedKey{"alibi", Neutral::off},
    UnsupportedKey{"use_mrope", Neutral::off},
    // attention and block layout
    UnsupportedKey{"attention_chunk_size", Neutral::off},
    UnsupportedKey{"attn_output_gate", Neutral::off},
    UnsupportedKey{"use_qk_norm", Neutral::off},
    UnsupportedKey{"qk_layernorm", Neutral::off},
    UnsupportedKey{"use_parallel_residual", Neutral::off},
    UnsupportedKey{"parallel_attn", Neutral::off},
    UnsupportedKey{"kv_lora_rank", Neutral::off},
    UnsupportedKey{"use_bidirectional_attention", Neutral::off},
    UnsupportedKey{"is_encoder_decoder", Neutral::off},
    UnsupportedKey{"add_cross_attention", Neutral::off},
    // experts
    UnsupportedKey{"num_experts", Neutral::off},
    UnsupportedKey{"num_local_experts", Neutral::off},
    UnsupportedKey{"n_routed_experts", Neutral::off},
};

bool is_neutral(const nlohmann::json& value, Neutral neutral) {
  if (neutral == Neutral::one) return value.is_number() && value.get<double>() == 1.0;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0.0;
  return value.empty();
}

}  // namespace

void refuse_unsupported_keys(const JsonObject& config) {
  for (const UnsupportedKey& unsupported : kUnsupported) {
    const nlohmann::json* value = config.value(unsupported.key);
    if (value != nullptr && !is_neutral(*value, unsupported.neutral)) {
      config.refuse(unsupported.key, "is not supported");
    }
  }
}

}  // namespace quire::engine
