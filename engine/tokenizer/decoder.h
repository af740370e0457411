// The `decoder` of tokenizer.json: from token texts to text. ByteLevel, ByteFallback, Fuse,
// Metaspace, Replace, Strip and Sequence; others are refused by name.
//
// A decoder is a chain of stages, each of which maps a list of tokens to a list of tokens; the text
// is their concatenation. Stages work on streams: a token may arrive in fragments, and whatever is
// settled is passed on at once. One-shot and incremental decoding are the same code.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/tokenizer/json_reader.h"
#include "engine/tokenizer/pattern.h"

namespace quire::engine::tokenizer {

/// Writes the bytes of the byte alphabet; all tokens become one. Invalid UTF-8 is repaired.
struct ByteLevelStage {};
/// A run of "<0xNN>" tokens becomes its bytes if they are valid UTF-8, else one U+FFFD for each.
struct ByteFallbackStage {};
/// All tokens become one.
struct FuseStage {};
/// Replaces a pattern in each token.
struct ReplaceStage {
  Pattern pattern;
  std::string content;
};
/// Removes up to `start` leading and `stop` trailing `content` characters of each token.
struct StripStage {
  std::string content;
  std::size_t start, stop;
};
/// Writes a blank for each mark; in the first token none, unless prepend_scheme is never.
struct MetaspaceStage {
  Pattern mark;  // a literal
  bool drop_in_first;
};
/// Puts a blank between tokens: what happens when a file names no decoder.
struct JoinStage {};

using DecodeStage = std::variant<ByteLevelStage, ByteFallbackStage, FuseStage, ReplaceStage,
                                 StripStage, MetaspaceStage, JoinStage>;

/// Immutable. Thread: any.
class Decoder {
 public:
  /// `config`: the value of "decoder", which may be null. Throws LoadError.
  explicit Decoder(const JsonAt& config);

  const std::vector<DecodeStage>& stages() const noexcept { return stages_; }

  /// The bytes that a token stands for between others; not repaired, so maybe a part of a
  /// character.
  std::string bytes_inside(std::string_view token) const;

 private:
  void add(const JsonAt& config, int depth);
  void check_order(const JsonAt& config) const;

  std::vector<DecodeStage> stages_;
};

/// The value of the token "<0xNN>", or -1 for any other text.
int byte_of_token(std::string_view token) noexcept;

}  // namespace quire::engine::tokenizer
