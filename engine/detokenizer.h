// Incremental detokeniser: token ids in, whole UTF-8 characters out. The concatenation of what it
// returns equals Tokenizer::decode of all ids, and no part ever ends inside a UTF-8 sequence.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/token.h"
#include "engine/tokenizer.h"

namespace quire::engine {

/// Thread: caller synchronises. The tokenizer must outlive it.
class Detokenizer {
 public:
  explicit Detokenizer(const Tokenizer& tokenizer, bool skip_special_tokens = true);
  Detokenizer(Detokenizer&&) noexcept;
  Detokenizer& operator=(Detokenizer&&) noexcept;
  ~Detokenizer();

  /// Text that this token completes; empty while a character is incomplete.
  std::string push(TokenId id);
  /// What is left at the end; incomplete bytes become U+FFFD. Nothing may be pushed afterwards.
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::engine
