// The layout that llama introduced and most families kept: pre-norm blocks, separate q, k, v and
// gated-MLP matrices, and the tensor names of transformers.
#pragma once

#include <cstdint>

#include "engine/config/model_config.h"
#include "engine/decoder/decoder_spec.h"

namespace quire::engine {

/// How a family's layers differ from llama's.
struct LayerTraits {
  bool qkv_bias = false;
  bool output_bias = false;  // of o_proj
  bool mlp_bias = false;
  bool qk_norm = false;
};

/// A spec whose layers are all alike; windows are 0 unless config.layer_windows says otherwise.
DecoderSpec make_standard_spec(const ModelConfig& config, const LayerTraits& traits);

}  // namespace quire::engine
