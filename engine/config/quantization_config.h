// MLX quantisation as config.json describes it: `quantization` (or `quantization_config`)
// {"group_size", "bits", "mode", "<module path>": {...} | true | false}.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/config/json_object.h"

namespace quire::engine {

struct AffineFormat {
  std::int32_t bits = 4;
  std::int32_t group = 64;
  friend bool operator==(const AffineFormat&, const AffineFormat&) = default;
};

class QuantizationConfig {
 public:
  /// Throws LoadError on anything but MLX's affine mode.
  explicit QuantizationConfig(const JsonObject& config);

  /// The format of a module. A module is quantised if its path has an entry that is not false, or,
  /// without an entry, if its files hold scales. Throws LoadError when scales exist but config.json
  /// describes no quantisation.
  std::optional<AffineFormat> format_of(const std::string& path, bool has_scales) const;

 private:
  std::string label_;
  std::optional<AffineFormat> general_;
  std::map<std::string, std::optional<AffineFormat>, std::less<>> modules_;  // nullopt = plain
};

}  // namespace quire::engine
