// The parts of a Tokenizer, shared with the Detokenizer.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/tokenizer.h"
#include "engine/tokenizer/added_tokens.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/decoder.h"
#include "engine/tokenizer/json_reader.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/post_processor.h"
#include "engine/tokenizer/pre_tokenizer.h"

namespace quire::engine {

struct Tokenizer::Impl {
  /// `config`: all of tokenizer.json. Throws LoadError.
  explicit Impl(const tokenizer::JsonAt& config);

  /// The text of an id for decoding; nothing for an unknown id or a special token to be skipped.
  std::optional<std::string_view> text_to_decode(TokenId id, bool skip_special_tokens) const;
  void encode_segment(std::string_view text, std::size_t start_bytes,
                      tokenizer::BpeScratch& scratch, std::vector<TokenId>& ids) const;

  tokenizer::Bpe model;
  tokenizer::AddedTokens added;
  tokenizer::Normalizer normalizer;
  tokenizer::PreTokenizer pre_tokenizer;
  tokenizer::PostProcessor post_processor;
  tokenizer::Decoder decoder;
  std::vector<bool> special;  // by id
  std::optional<TokenId> bos, eos;
};

}  // namespace quire::engine
