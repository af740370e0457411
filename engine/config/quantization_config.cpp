#include "engine/config/quantization_config.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace quire::engine {
namespace {

constexpr std::array kBits{2, 3, 4, 5, 6, 8};
constexpr std::array kGroups{32, 64, 128};

AffineFormat read_format(const JsonObject& object, const AffineFormat& absent) {
  if (object.has("quant_method")) {
    object.refuse("quant_method", "is not supported; MLX affine quantisation is");
  }
  if (object.text("mode").value_or("affine") != "affine") {
    object.refuse("mode", "is not supported; affine is");
  }
  constexpr IntRange kAny{1, 1024};
  const AffineFormat format{object.integer("bits", kAny).value_or(absent.bits),
                            object.integer("group_size", kAny).value_or(absent.group)};
  if (std::find(kBits.begin(), kBits.end(), format.bits) == kBits.end()) {
    object.refuse("bits", "is not supported; 2, 3, 4, 5, 6 and 8 are");
  }
  if (std::find(kGroups.begin(), kGroups.end(), format.group) == kGroups.end()) {
    object.refuse("group_size", "is not supported; 32, 64 and 128 are");
  }
  return format;
}

bool is_format_key(std::string_view key) {
  return key == "bits" || key == "group_size" || key == "mode";
}

}  // namespace

QuantizationConfig::QuantizationConfig(const JsonObject& config) : label_(config.label()) {
  // MLX writes the same object under both names; other tools use the second alone.
  auto described = config.object("quantization");
  if (!described) described = config.object("quantization_config");
  if (!described) return;
  general_ = read_format(*described, {});
  for (const std::string& key : described->keys()) {
    const nlohmann::json* value = described->value(key);
    if (is_format_key(key) || value == nullptr) continue;
    if (value->is_object()) {
      modules_[key] = read_format(*described->object(key), *general_);
    } else if (value->is_boolean()) {
      modules_[key] = value->get<bool>() ? general_ : std::nullopt;
    } else {
      described->refuse(key, "is not supported");
    }
  }
}

std::optional<AffineFormat> QuantizationConfig::format_of(const std::string& path,
                                                          bool has_scales) const {
  const auto entry = modules_.find(path);
  if (entry != modules_.end()) return entry->second;
  if (!has_scales) return std::nullopt;
  if (!general_) {
    throw LoadError(label_ + ": tensor '" + path +
                    ".scales' exists, but there is no quantization object to say how to read it");
  }
  return general_;
}

}  // namespace quire::engine
