// The `normalizer` of tokenizer.json: Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase,
// Strip and StripAccents. Others are refused by name.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/tokenizer/json_reader.h"
#include "engine/tokenizer/pattern.h"
#include "engine/tokenizer/unicode.h"

namespace quire::engine::tokenizer {

struct PrependNormalizer {
  std::string prefix;
};
struct ReplaceNormalizer {
  Pattern pattern;
  std::string content;
};
struct UnicodeNormalizer {
  NormalForm form;
};
struct LowercaseNormalizer {};
struct StripNormalizer {
  bool left, right;
};
struct StripAccentsNormalizer {};

/// A text after normalisation. Its first `start_bytes` bytes stand for the first character of the
/// original: none when that was stripped, several characters when it was decomposed.
struct NormalizedText {
  std::string text;
  std::size_t start_bytes = 0;
};

/// Immutable. Thread: any.
class Normalizer {
 public:
  /// No normaliser: texts pass unchanged.
  Normalizer() = default;
  /// `config`: the value of "normalizer". Throws LoadError.
  explicit Normalizer(const JsonAt& config);

  bool empty() const noexcept { return steps_.empty(); }
  /// REQUIRES: valid UTF-8.
  NormalizedText apply(std::string_view text) const;

 private:
  using Step = std::variant<PrependNormalizer, ReplaceNormalizer, UnicodeNormalizer,
                            LowercaseNormalizer, StripNormalizer, StripAccentsNormalizer>;
  void add(const JsonAt& config, int depth);

  std::vector<Step> steps_;
};

/// {"String": ...} or {"Regex": ...}. Throws LoadError.
Pattern read_pattern(const JsonAt& config);

}  // namespace quire::engine::tokenizer
