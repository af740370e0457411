// Text to token ids and back, from a Hugging Face tokenizer.json (with tokenizer_config.json):
// byte-level BPE and SentencePiece-style BPE with byte fallback. Ids equal those of the Rust
// `tokenizers` library; a component that is not supported is refused by name when loading.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_files.h"
#include "engine/token.h"

namespace quire::engine {

/// A text that this tokenizer cannot encode: a pattern of the model exceeded its search limits, the
/// text is longer than 1 GiB, or the model lacks the unknown token that the text needs.
class EncodeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct EncodeOptions {
  bool add_special_tokens = true;  // apply the post-processor (BOS and the like)
};

/// Immutable. Thread: any.
class Tokenizer {
 public:
  /// Reads tokenizer.json and, if present, tokenizer_config.json and special_tokens_map.json.
  /// Throws LoadError.
  explicit Tokenizer(const ModelFiles& files);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Added and special tokens in `text` become their ids. `text` must be valid UTF-8
  /// (is_valid_utf8); invalid bytes are treated as U+FFFD. Time is O(n log n) for any input.
  /// Throws EncodeError.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// One-shot decode, invalid UTF-8 replaced by U+FFFD as the Rust library does. Ids outside the
  /// vocabulary are skipped.
  std::string decode(std::span<const TokenId> ids, bool skip_special_tokens = true) const;

  /// Number of ids, added tokens included (largest id + 1).
  std::int32_t vocab_size() const noexcept;
  /// The id of a token by its exact vocabulary text ("</s>"), if there is one.
  std::optional<TokenId> find(std::string_view token) const;
  /// The vocabulary text of an id as stored ("Ġthe", "▁the", "<0x0A>"); empty if unknown.
  std::string_view token(TokenId id) const;
  /// The bytes an id stands for inside running text ("Ġthe" -> " the"); may be a part of a UTF-8
  /// sequence. For logprobs' `bytes` and `token` fields.
  std::string token_bytes(TokenId id) const;
  bool is_special(TokenId id) const;

  std::optional<TokenId> bos() const noexcept;  // from tokenizer_config.json, if named there
  std::optional<TokenId> eos() const noexcept;

 private:
  friend class Detokenizer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace quire::engine
