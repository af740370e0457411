// Reads the parts of an Oniguruma pattern that stand for one character: escapes and bracket
// expressions, with Unicode's definitions of the classes that PCRE2 defines otherwise.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quire::engine::tokenizer {

/// A pattern and how far it was read.
class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : pattern_(pattern) {}

  bool done() const noexcept { return at_ >= pattern_.size(); }
  /// The unread rest.
  std::string_view rest() const noexcept { return pattern_.substr(at_); }
  /// The next byte, or NUL at the end.
  char peek() const noexcept { return done() ? '\0' : pattern_[at_]; }
  char take();
  void skip(std::size_t bytes) noexcept { at_ += bytes; }

  /// Throws LoadError with the pattern.
  [[noreturn]] void fail(std::string_view what) const;
  [[noreturn]] void refuse(std::string_view syntax) const;

 private:
  std::string_view pattern_;
  std::size_t at_ = 0;
};

inline constexpr std::string_view kWordItems = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";

/// \w and \b outside brackets also count these as word characters: superscript digits and fractions
/// of Latin-1, an oddity of Oniguruma's table for the first 256 characters.
inline constexpr std::string_view kOddWordItems = "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";

/// What \s, \w, \d or \h (or its upper-case negation) stands for inside brackets.
std::optional<std::string_view> shorthand_items(char letter);
/// "\n" and the like, as PCRE2 writes them.
std::optional<std::string_view> control_escape(char letter);
/// After "\p" or "\P": a general category, a property, or a script by name.
std::string read_property(PatternReader& in, char letter);
/// After "\x" or "\u": two or four digits, or digits in braces after "\x".
std::string read_code_point(PatternReader& in, char letter);
/// After "[": a bracket expression with nesting and "&&", as an expression of one character.
std::string read_bracket(PatternReader& in);

}  // namespace quire::engine::tokenizer
