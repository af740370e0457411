// The keys of config.json that all supported families share, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/json_object.h"
#include "kernels/backend.h"
#include "kernels/rope.h"

namespace quire::engine {

struct ModelConfig {
  std::string model_type;
  std::int32_t vocab_size = 0;
  std::int32_t width = 0;          // hidden_size
  std::int32_t inner = 0;          // intermediate_size
  std::int32_t layers = 0;         // num_hidden_layers
  std::int32_t heads = 0;          // num_attention_heads
  std::int32_t kv_heads = 0;       // num_key_value_heads; absent = heads
  std::int32_t head_dim = 0;       // absent = hidden_size / num_attention_heads
  std::int32_t max_positions = 0;  // max_position_embeddings
  double norm_epsilon = 1e-6;      // rms_norm_eps
  kernels::Activation activation = kernels::Activation::silu;  // hidden_act
  std::optional<bool> tied;                                    // tie_word_embeddings
  kernels::RopeSpec rope;
  // Positions each layer's queries see (0 = all), as `layer_types` says; empty when it is absent.
  std::vector<std::int32_t> layer_windows;
};

/// Throws LoadError on a missing, impossible or unsupported value, and on every known key that
/// would change the mathematics (refuse_unsupported_keys).
ModelConfig read_model_config(const JsonObject& config);

/// The rotation of `rope_parameters`, or of `rope_theta`, `rope_scaling`, `partial_rotary_factor`.
kernels::RopeSpec read_rope(const JsonObject& config, std::int32_t head_dim,
                            std::int32_t max_positions);

/// Throws LoadError for a key that other decoders have, that changes what is computed, and whose
/// value is not the neutral one.
void refuse_unsupported_keys(const JsonObject& config);

/// `sliding_window`; 0 when absent or null.
std::int32_t read_sliding_window(const JsonObject& config);

}  // namespace quire::engine
