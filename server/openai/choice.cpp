#include "server/openai/choice.h"

#include <algorithm>

#include "kernels/invariant.h"

namespace quire::server {
namespace {

using engine::TokenId;

// Detokenising depends on what stands before (a leading blank is dropped at the start of a text
// only), so the detokeniser first reads the end of the prompt: this many tokens that show.
constexpr int kContextTokens = 16;

std::span<const TokenId> context_of(const std::vector<TokenId>& prompt,
                                    const engine::Tokenizer& tokenizer) {
  std::size_t first = prompt.size();
  for (int shown = 0; first > 0 && shown < kContextTokens; --first) {
    if (!tokenizer.is_special(prompt[first - 1])) ++shown;
  }
  return std::span(prompt).subspan(first);
}

bool contains(const std::vector<TokenId>& sorted, TokenId id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Choice::Choice(const GenerationRequest& request, std::int32_t index, const engine::Model& model)
    : request_(request),
      prompt_(request.prompt_of(index)),
      model_(model),
      sampling_(request.sampling_of(index)),
      detokenizer_(model.tokenizer(), request.options.skip_special_tokens),
      stops_(request.options.stops, request.options.include_stop) {
  for (const TokenId id : context_of(prompt_.tokens, model.tokenizer())) detokenizer_.push(id);
}

void Choice::add_prompt_logprobs(std::span<const engine::SampledToken> tokens) {
  prompt_logprobs_.insert(prompt_logprobs_.end(), tokens.begin(), tokens.end());
}

Piece Choice::echo() {
  Piece piece{prompt_.text, {}};
  const std::size_t all = count_characters(prompt_.text);
  if (sampling_.logprobs) {
    INVARIANT(prompt_logprobs_.size() + 1 == prompt_.tokens.size(),
              "every prompt token but the first has been scored before the answer begins");
    engine::Detokenizer reader(model_.tokenizer(), request_.options.skip_special_tokens);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < prompt_.tokens.size(); ++i) {
      TokenNote note{.token = {}, .text_offset = std::min(offset, all), .scored = i > 0};
      if (i > 0) note.token = std::move(prompt_logprobs_[i - 1]);
      note.token.id = prompt_.tokens[i];
      offset += count_characters(reader.push(prompt_.tokens[i]));
      piece.tokens.push_back(std::move(note));
    }
  }
  prompt_logprobs_ = {};
  characters_ = all;
  return piece;
}

std::string Choice::show(std::string_view text) {
  std::string shown = stops_.push(text);
  if (const auto& matched = stops_.matched()) end_ = ChoiceEnd{"stop", *matched, {}};
  return shown;
}

Piece Choice::push(const engine::SampledToken& token) {
  INVARIANT(!ended(), "a choice that ended takes no more tokens");
  ++tokens_;
  Piece piece;
  if (sampling_.logprobs || request_.options.return_token_ids) {
    piece.tokens.push_back({.token = token, .text_offset = characters_, .scored = true});
  }
  const bool stop_token = contains(sampling_.stop_token_ids, token.id);
  if (stop_token) last_stop_token_ = token.id;
  if (stop_token && !request_.options.include_stop) return piece;
  const std::string text = detokenizer_.push(token.id);
  characters_ += count_characters(text);
  piece.text = show(text);
  return piece;
}

Piece Choice::finish(bool length) {
  INVARIANT(!ended(), "a choice ends once");
  Piece piece{show(detokenizer_.finish()), {}};
  if (ended()) return piece;
  piece.text += stops_.finish();
  if (const auto& matched = stops_.matched()) {
    end_ = ChoiceEnd{"stop", *matched, {}};
    return piece;
  }
  end_ = ChoiceEnd{length ? "length" : "stop", {}, {}};
  const auto& eos = model_.summary().eos;
  if (!length && last_stop_token_ && !contains(eos, *last_stop_token_)) {
    end_->stop_token = last_stop_token_;
  }
  return piece;
}

}  // namespace quire::server
