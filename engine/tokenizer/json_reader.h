// Typed access to tokenizer.json with messages that name the place: every function throws LoadError
// "tokenizer.json: <path>: <what is wrong>".
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace quire::engine::tokenizer {

/// A JSON value and where it stands in its file.
class JsonAt {
 public:
  JsonAt(const nlohmann::json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const nlohmann::json& value() const noexcept { return *value_; }
  const std::string& path() const noexcept { return path_; }
  bool is_null() const noexcept { return value_->is_null(); }

  /// Absent or null.
  bool lacks(const char* key) const;
  JsonAt at(const char* key) const;
  JsonAt element(std::size_t index) const;
  /// Elements of an array.
  std::size_t size() const;

  std::string string() const;
  bool boolean() const;
  std::uint32_t index() const;  // [0, kMaxTokenId]
  std::size_t count() const;    // [0, 2^16)

  std::string string(const char* key) const { return at(key).string(); }
  bool boolean(const char* key) const { return at(key).boolean(); }
  bool boolean_or(const char* key, bool otherwise) const;
  /// The field `type` that names a component.
  std::string type() const { return string("type"); }

  [[noreturn]] void fail(std::string_view what) const;
  /// "X is not supported".
  [[noreturn]] void refuse(std::string_view name) const;

 private:
  const nlohmann::json* value_;
  std::string path_;
};

/// Bounds the tables that a file can make us allocate; the largest vocabularies known have 2^18.
inline constexpr std::uint32_t kMaxTokenId = (1U << 22U) - 1;
/// Sequences inside sequences.
inline constexpr int kMaxNesting = 16;

/// The text between quotation marks, for messages.
std::string in_quotes(std::string_view text);

/// Parses a whole file; a syntax error is a LoadError.
nlohmann::json parse_json(std::string_view text, std::string_view file);

}  // namespace quire::engine::tokenizer
