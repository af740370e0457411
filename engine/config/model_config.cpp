#include "engine/config/model_config.h"

#include <array>
#include <limits>
#include <utility>

namespace quire::engine {
namespace {

// Far beyond any published model, and small enough that products of two fit 64 bits.
constexpr IntRange kWidth{1, 1 << 24};
constexpr IntRange kLayers{1, 1 << 12};
constexpr IntRange kPositions{1, std::numeric_limits<std::int32_t>::max() / 2};

struct ActivationName {
  std::string_view name;
  kernels::Activation activation;
};

// Names of transformers' ACT2FN.
constexpr std::array kActivations{
    ActivationName{"silu", kernels::Activation::silu},
    ActivationName{"swish", kernels::Activation::silu},
    ActivationName{"gelu", kernels::Activation::gelu},
    ActivationName{"gelu_new", kernels::Activation::gelu_tanh},
    ActivationName{"gelu_fast", kernels::Activation::gelu_tanh},
    ActivationName{"gelu_pytorch_tanh", kernels::Activation::gelu_tanh},
};

kernels::Activation read_activation(const JsonObject& config) {
  const std::string name = config.text("hidden_act").value_or("silu");
  for (const ActivationName& known : kActivations) {
    if (known.name == name) return known.activation;
  }
  config.refuse("hidden_act", "is not supported; silu and gelu are");
}

void read_heads(const JsonObject& config, ModelConfig& model) {
  model.heads = config.required_integer("num_attention_heads", kWidth);
  model.kv_heads = config.integer("num_key_value_heads", kWidth).value_or(model.heads);
  if (model.heads % model.kv_heads != 0) {
    config.refuse("num_key_value_heads",
                  "does not divide num_attention_heads = " + std::to_string(model.heads));
  }
  const auto head_dim = config.integer("head_dim", kWidth);
  if (!head_dim && model.width % model.heads != 0) {
    config.refuse("hidden_size", "is not a multiple of num_attention_heads = " +
                                     std::to_string(model.heads) + ", and head_dim is absent");
  }
  model.head_dim = head_dim.value_or(model.width / model.heads);
  if (model.head_dim % 2 != 0) {
    throw LoadError(config.label() + ": head_dim = " + std::to_string(model.head_dim) +
                    " is odd, so that heads cannot be rotated");
  }
  if (std::int64_t{model.heads} * model.head_dim > kWidth.max) {
    config.refuse("head_dim", "times num_attention_heads is too large");
  }
}

std::vector<std::int32_t> read_layer_windows(const JsonObject& config, const ModelConfig& model) {
  const auto types = config.texts("layer_types");
  if (!types) return {};
  if (types->size() != static_cast<std::size_t>(model.layers)) {
    config.refuse("layer_types",
                  "does not have num_hidden_layers = " + std::to_string(model.layers) + " entries");
  }
  std::vector<std::int32_t> windows;
  for (const std::string& type : *types) {
    const bool sliding = type == "sliding_attention";
    if (!sliding && type != "full_attention") {
      config.refuse("layer_types", "has the unsupported type '" + type +
                                       "'; full_attention and sliding_attention are supported");
    }
    const std::int32_t window = sliding ? read_sliding_window(config) : 0;
    if (sliding && window == 0) config.refuse("sliding_window", "is needed by layer_types");
    windows.push_back(window);
  }
  return windows;
}

void check_architecture(const JsonObject& config) {
  const auto architectures = config.texts("architectures");
  if (!architectures) return;
  constexpr std::string_view kSuffix = "ForCausalLM";
  for (const std::string& name : *architectures) {
    if (name.size() < kSuffix.size() || !std::string_view(name).ends_with(kSuffix)) {
      config.refuse("architectures", "is not a causal language model");
    }
  }
}

}  // namespace

std::int32_t read_sliding_window(const JsonObject& config) {
  return config.integer("sliding_window", kPositions).value_or(0);
}

ModelConfig read_model_config(const JsonObject& config) {
  check_architecture(config);
  refuse_unsupported_keys(config);
  ModelConfig model;
  model.model_type = config.required_text("model_type");
  model.vocab_size = config.required_integer("vocab_size", kWidth);
  model.width = config.required_integer("hidden_size", kWidth);
  model.inner = config.required_integer("intermediate_size", kWidth);
  model.layers = config.required_integer("num_hidden_layers", kLayers);
  read_heads(config, model);
  model.max_positions = config.integer("max_position_embeddings", kPositions).value_or(2048);
  model.norm_epsilon = config.number("rms_norm_eps").value_or(1e-6);
  if (model.norm_epsilon <= 0.0 || model.norm_epsilon > 1.0) {
    config.refuse("rms_norm_eps", "is not between 0 and 1");
  }
  model.activation = read_activation(config);
  model.tied = config.boolean("tie_word_embeddings");
  model.rope = read_rope(config, model.head_dim, model.max_positions);
  model.layer_windows = read_layer_windows(config, model);
  return model;
}

}  // namespace quire::engine
