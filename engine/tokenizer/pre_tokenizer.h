// The `pre_tokenizer` of tokenizer.json: cuts a normalised text into the pieces that the model
// tokenises one by one. Sequence, ByteLevel, Split, Metaspace, Digits, Punctuation, Whitespace,
// WhitespaceSplit and CharDelimiterSplit; others are refused by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/tokenizer/json_reader.h"
#include "engine/tokenizer/pattern.h"
#include "engine/tokenizer/splitting.h"

namespace quire::engine::tokenizer {

struct ByteLevelStep {
  bool add_prefix_space, use_regex;
};
struct SplitStep {
  Pattern pattern;
  SplitBehavior behavior;
  bool invert;
};
struct MetaspaceStep {
  enum class Prepend : std::uint8_t { always, first, never };
  std::string replacement;  // one character
  Pattern mark;             // the same
  Prepend prepend;
  bool split;
};
struct DigitsStep {
  bool individual;
};
struct PunctuationStep {
  SplitBehavior behavior;
};
struct WhitespaceStep {};
struct WhitespaceSplitStep {};

/// Throws LoadError.
MetaspaceStep read_metaspace(const JsonAt& config);
/// A string of one character. Throws LoadError.
std::string read_character(const JsonAt& config);

/// One text cut into pieces. The first `start_bytes` bytes of a piece stand for the first character
/// of the original text; 0 everywhere else.
struct Pieces {
  struct Span {
    std::size_t begin, end, start_bytes;
  };
  std::string text;
  std::vector<Span> spans;  // none empty

  std::string_view view(const Span& span) const {
    return std::string_view(text).substr(span.begin, span.end - span.begin);
  }
};

/// Immutable. Thread: any.
class PreTokenizer {
 public:
  /// None: a text is one piece.
  PreTokenizer() = default;
  /// `config`: the value of "pre_tokenizer". Throws LoadError.
  explicit PreTokenizer(const JsonAt& config);

  /// Throws EncodeError when a pattern exceeds its limits. REQUIRES: valid UTF-8.
  Pieces apply(std::string text, std::size_t start_bytes) const;

 private:
  using Step = std::variant<ByteLevelStep, SplitStep, MetaspaceStep, DigitsStep, PunctuationStep,
                            WhitespaceStep, WhitespaceSplitStep>;
  void add(const JsonAt& config, int depth);

  std::vector<Step> steps_;
};

}  // namespace quire::engine::tokenizer
