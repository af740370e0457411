// Checked access to one JSON object of a model folder. `null` counts as absent, as it does in
// Hugging Face configs. Every complaint names the file, the key, the value and what was expected.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_files.h"

namespace quire::engine {

/// Inclusive bounds of an integer.
struct IntRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/// A view that shares ownership of its document: cheap to copy. Thread: any.
class JsonObject {
 public:
  /// Throws LoadError when the file is absent, is not JSON or holds no object.
  static JsonObject from_file(const ModelFiles& files, std::string_view name);
  /// `label` stands for the file in messages.
  static JsonObject from_text(std::string_view text, const std::string& label);

  bool has(std::string_view key) const { return value(key) != nullptr; }
  /// Null when absent or null.
  const nlohmann::json* value(std::string_view key) const;
  std::vector<std::string> keys() const;
  const std::string& label() const noexcept { return label_; }

  /// Integers, and floats that have an integer's value (32.0).
  std::optional<std::int32_t> integer(std::string_view key, IntRange range) const;
  std::int32_t required_integer(std::string_view key, IntRange range) const;
  /// A finite number.
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::string required_text(std::string_view key) const;
  std::optional<JsonObject> object(std::string_view key) const;
  JsonObject required_object(std::string_view key) const;
  std::optional<std::vector<std::string>> texts(std::string_view key) const;
  /// One integer or a list of them; empty when absent.
  std::vector<std::int32_t> integers(std::string_view key, IntRange range) const;

  /// Throws LoadError "LABEL: KEY = VALUE PROBLEM".
  [[noreturn]] void refuse(std::string_view key, const std::string& problem) const;

 private:
  JsonObject(std::shared_ptr<const nlohmann::json> root, const nlohmann::json* object,
             std::string label, std::string path);

  std::shared_ptr<const nlohmann::json> root_;
  const nlohmann::json* object_;  // within *root_
  std::string label_;             // file
  std::string path_;              // "rope_scaling." inside the file
};

}  // namespace quire::engine
