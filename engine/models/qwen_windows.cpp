#include "engine/models/qwen_windows.h"

#include <algorithm>
#include <limits>

namespace quire::engine {

void apply_qwen_windows(const JsonObject& config, ModelConfig& model) {
  const bool used = config.boolean("use_sliding_window").value_or(false);
  std::vector<std::int32_t>& windows = model.layer_windows;
  if (!windows.empty()) {
    const bool windowed =
        std::any_of(windows.begin(), windows.end(), [](auto w) { return w != 0; });
    if (windowed && !used) config.refuse("layer_types", "contradicts use_sliding_window = false");
    return;
  }
  windows.assign(static_cast<std::size_t>(model.layers), 0);
  const std::int32_t window = read_sliding_window(config);
  if (!used || window == 0) return;
  constexpr IntRange kAny{0, std::numeric_limits<std::int32_t>::max()};
  const std::int32_t first = config.required_integer("max_window_layers", kAny);
  for (std::int32_t i = first; i < model.layers; ++i) windows[static_cast<std::size_t>(i)] = window;
}

}  // namespace quire::engine
