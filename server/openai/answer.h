// Answers as JSON: pure functions from what was generated to the objects of the OpenAI API, whole
// or as chunks of a stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/tokenizer.h"
#include "server/json/json.h"
#include "server/openai/choice.h"

namespace quire::server {

/// What all objects of one answer share.
struct AnswerHead {
  std::string id;            // "chatcmpl-..." or "cmpl-..."
  std::int64_t created = 0;  // Unix seconds
  std::string model;
  std::string fingerprint;
};

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
};

/// A finished choice.
struct ChoiceAnswer {
  std::string text;
  std::vector<TokenNote> tokens;
  ChoiceEnd end;
};

/// Thread: any. Request and tokenizer must outlive it.
class AnswerWriter {
 public:
  AnswerWriter(const GenerationRequest& request, const engine::Tokenizer& tokenizer,
               AnswerHead head)
      : request_(request), tokenizer_(tokenizer), head_(std::move(head)) {}

  /// The whole answer; choices in order.
  Json whole(const std::vector<ChoiceAnswer>& choices, const Usage& usage) const;

  /// Chunks of a stream. `usage` is given when the client wants it in every chunk.
  Json first_chunk(std::int32_t choice, const std::optional<Usage>& usage) const;  // chat's role
  Json piece_chunk(std::int32_t choice, const Piece& piece,
                   const std::optional<Usage>& usage) const;
  Json end_chunk(std::int32_t choice, const ChoiceEnd& end,
                 const std::optional<Usage>& usage) const;
  Json usage_chunk(const Usage& usage) const;

 private:
  bool chat() const { return request_.options.dialect == Dialect::chat; }
  Json chunk(Json choices, const std::optional<Usage>& usage) const;
  Json head(const char* object) const;
  Json chunk_choice(std::int32_t choice) const;
  Json logprobs(const std::vector<TokenNote>& tokens) const;
  Json chat_logprobs(const std::vector<TokenNote>& tokens) const;
  Json completion_logprobs(const std::vector<TokenNote>& tokens) const;
  Json chat_token(engine::TokenId id, float logprob) const;
  std::string legacy_token(engine::TokenId id) const;

  const GenerationRequest& request_;
  const engine::Tokenizer& tokenizer_;
  AnswerHead head_;
};

}  // namespace quire::server
