// DecoderSpec: one decoder-only transformer as data. A family file (engine/models/) translates
// config.json and its tensor names into this; load_decoder binds the weights, forward runs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/rope.h"

namespace quire::engine {

/// y = x W^T (+ bias). Tensors: `path`.weight [outputs, inputs] and `path`.bias [outputs], or the
/// MLX triplet `path`.weight, .scales, .biases.
struct LinearSpec {
  std::string path;  // "model.layers.0.self_attn.q_proj"
  std::int32_t outputs = 0;
  std::int32_t inputs = 0;
  bool bias = false;
};

/// RMSNorm with a learned gain: tensor `path`.weight [width].
struct NormSpec {
  std::string path;
  std::int32_t width = 0;
};

struct AttentionSpec {
  LinearSpec q, k, v, o;
  std::optional<NormSpec> q_norm, k_norm;  // per head, before the rotation; both or none
  std::int32_t window = 0;                 // positions a query sees, itself included; 0 = all
};

/// down(activation(gate x) * up x)
struct MlpSpec {
  LinearSpec gate, up, down;
};

/// h += attention(norm(h)); h += mlp(norm(h))
struct LayerSpec {
  NormSpec attention_norm;
  AttentionSpec attention;
  NormSpec mlp_norm;
  MlpSpec mlp;
};

struct DecoderSpec {
  std::string model_type;
  std::int32_t vocab_size = 0;
  std::int32_t width = 0;  // of the residual stream
  std::int32_t max_positions = 0;
  // Equal in all layers: the KV cache and the activations have one shape.
  std::int32_t heads = 0;
  std::int32_t kv_heads = 0;
  std::int32_t head_dim = 0;
  std::int32_t inner = 0;  // width of the MLP
  float attention_scale = 1.0F;
  float norm_epsilon = 1e-6F;
  kernels::Activation activation = kernels::Activation::silu;
  kernels::RopeSpec rope;
  LinearSpec embedding;  // path.weight [vocab_size, width]
  std::vector<LayerSpec> layers;
  NormSpec final_norm;
  LinearSpec head;
  // The head is the embedding. Unset: config.json does not say, so it is exactly when the files
  // hold no tensor of the head.
  std::optional<bool> tied;
};

}  // namespace quire::engine
