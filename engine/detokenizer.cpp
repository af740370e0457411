#include "engine/detokenizer.h"

#include "engine/tokenizer/decode_stream.h"
#include "engine/tokenizer/tokenizer_impl.h"

namespace quire::engine {

struct Detokenizer::Impl {
  const Tokenizer::Impl& tokenizer;
  bool skip_special_tokens;
  tokenizer::DecodeStream stream;
};

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool skip_special_tokens)
    : impl_(new Impl{*tokenizer.impl_, skip_special_tokens,
                     tokenizer::DecodeStream(tokenizer.impl_->decoder)}) {}
Detokenizer::Detokenizer(Detokenizer&&) noexcept = default;
Detokenizer& Detokenizer::operator=(Detokenizer&&) noexcept = default;
Detokenizer::~Detokenizer() = default;

std::string Detokenizer::push(TokenId id) {
  std::string text;
  if (const auto token = impl_->tokenizer.text_to_decode(id, impl_->skip_special_tokens)) {
    impl_->stream.push(*token, text);
  }
  return text;
}

std::string Detokenizer::finish() {
  std::string text;
  impl_->stream.finish(text);
  return text;
}

}  // namespace quire::engine
