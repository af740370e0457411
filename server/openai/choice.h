// Choice: one answer while it grows. Token ids in; text that may be shown, notes for logprobs and
// the end out. Detokenising and stop strings happen here, token by token, so that the same tokens
// give the same answer whenever they arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/detokenizer.h"
#include "engine/stop_matcher.h"
#include "engine/token.h"
#include "server/openai/request.h"

namespace quire::server {

/// One token of an answer as the client gets to know it.
struct TokenNote {
  engine::SampledToken token;
  std::size_t text_offset = 0;  // characters of the choice's text before this token
  bool scored = true;           // false: the first token of a prompt, which has no logprob
};

/// What one token, or the end, adds to a choice.
struct Piece {
  std::string text;               // now safe to show
  std::vector<TokenNote> tokens;  // empty unless the request wants logprobs or token ids
  bool empty() const { return text.empty() && tokens.empty(); }
};

/// How a choice ended, in the words of the API.
struct ChoiceEnd {
  const char* finish_reason = "stop";         // or "length"
  std::optional<std::string> stop_string;     // the stop string that matched
  std::optional<engine::TokenId> stop_token;  // the stop token other than eos
};

/// Thread: caller synchronises. The request and the model must outlive it.
class Choice {
 public:
  Choice(const GenerationRequest& request, std::int32_t index, const engine::Model& model);

  /// The echoed prompt with the logprobs collected so far; only when the request asks for echo.
  Piece echo();
  void add_prompt_logprobs(std::span<const engine::SampledToken> tokens);

  /// REQUIRES: !ended().
  Piece push(const engine::SampledToken& token);
  /// The engine ended the sequence with stop or length. REQUIRES: !ended().
  Piece finish(bool length);

  const std::optional<ChoiceEnd>& end() const noexcept { return end_; }
  bool ended() const noexcept { return end_.has_value(); }
  /// Tokens up to the end: of the stop string, if one matched; a stop token included.
  std::int32_t tokens() const noexcept { return tokens_; }

 private:
  std::string show(std::string_view text);

  const GenerationRequest& request_;
  const PromptInput& prompt_;
  const engine::Model& model_;
  engine::SamplingParams sampling_;
  engine::Detokenizer detokenizer_;
  engine::StopMatcher stops_;
  std::vector<engine::SampledToken> prompt_logprobs_;
  std::size_t characters_ = 0;  // detokenised so far, echo included
  std::int32_t tokens_ = 0;
  std::optional<engine::TokenId> last_stop_token_;
  std::optional<ChoiceEnd> end_;
};

/// Unicode code points of well-formed UTF-8.
std::size_t count_characters(std::string_view text) noexcept;

}  // namespace quire::server
