// Sliding windows as the qwen families configure them.
#pragma once

#include "engine/config/model_config.h"

namespace quire::engine {

/// Fills model.layer_windows from `use_sliding_window`, `sliding_window` and `max_window_layers`
/// (layers from that number on are windowed), unless `layer_types` did already.
void apply_qwen_windows(const JsonObject& config, ModelConfig& model);

}  // namespace quire::engine
