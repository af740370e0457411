// What a Split, Replace or ByteLevel component searches for: a literal or a regular expression.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quire::engine::tokenizer {

/// Bytes [begin, end) of a text; `matched` when the pattern matched them.
struct Part {
  std::size_t begin;
  std::size_t end;
  bool matched;
};

/// Immutable once made. Thread: any.
class Pattern {
 public:
  /// Throws LoadError if empty.
  static Pattern literal(std::string text);
  /// Oniguruma syntax. Throws LoadError on a bad or unsupported pattern.
  static Pattern regex(std::string_view source);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// The literal, or nothing for a regular expression.
  const std::string& literal_text() const noexcept { return literal_; }

  /// Leftmost matches from left to right and what lies between them, covering all of `text`.
  /// Throws EncodeError when the search exceeds its limits. REQUIRES: valid UTF-8.
  std::vector<Part> parts(std::string_view text) const;

 private:
  struct Compiled;
  Pattern();
  std::vector<Part> regex_parts(std::string_view text) const;

  std::string literal_;
  std::unique_ptr<const Compiled> compiled_;
};

/// `text` with every match replaced.
std::string replace_all(const Pattern& pattern, std::string_view text, std::string_view content);

}  // namespace quire::engine::tokenizer
