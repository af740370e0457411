#include "server/openai/answer.h"

#include <algorithm>
#include <cmath>

namespace quire::server {
namespace {

// JSON has no minus infinity; vLLM's floor is used.
constexpr float kLeastLogprob = -9999.0F;

double shown(float logprob) {
  return std::max(logprob, kLeastLogprob);
}

Json usage_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

Json stop_reason_json(const ChoiceEnd& end) {
  if (end.stop_string) return *end.stop_string;
  if (end.stop_token) return *end.stop_token;
  return nullptr;
}

Json token_ids_json(const std::vector<TokenNote>& tokens) {
  Json ids = Json::array();
  for (const TokenNote& note : tokens) ids.push_back(note.token.id);
  return ids;
}

}  // namespace

Json AnswerWriter::head(const char* object) const {
  return {{"id", head_.id},
          {"object", object},
          {"created", head_.created},
          {"model", head_.model},
          {"system_fingerprint", head_.fingerprint},
          {"seed", request_.options.seed}};
}

Json AnswerWriter::chunk(Json choices, const std::optional<Usage>& usage) const {
  Json out = head(chat() ? "chat.completion.chunk" : "text_completion");
  out["choices"] = std::move(choices);
  if (usage) {
    out["usage"] = usage_json(*usage);
  } else if (request_.options.include_usage) {
    out["usage"] = nullptr;
  }
  return out;
}

Json AnswerWriter::chunk_choice(std::int32_t choice) const {
  Json out{{"index", choice}};
  if (request_.options.n > 1) out["seed"] = request_.seed_of(choice);
  return out;
}

Json AnswerWriter::first_chunk(std::int32_t choice, const std::optional<Usage>& usage) const {
  Json out = chunk_choice(choice);
  out["delta"] = {{"role", "assistant"}, {"content", ""}};
  out["logprobs"] = nullptr;
  out["finish_reason"] = nullptr;
  if (request_.options.return_token_ids) {
    out["prompt_token_ids"] = request_.prompt_of(choice).tokens;
  }
  return chunk(Json::array({std::move(out)}), usage);
}

Json AnswerWriter::piece_chunk(std::int32_t choice, const Piece& piece,
                               const std::optional<Usage>& usage) const {
  Json out = chunk_choice(choice);
  if (chat()) {
    out["delta"] = {{"content", piece.text}};
  } else {
    out["text"] = piece.text;
  }
  out["logprobs"] = logprobs(piece.tokens);
  out["finish_reason"] = nullptr;
  if (request_.options.return_token_ids) out["token_ids"] = token_ids_json(piece.tokens);
  return chunk(Json::array({std::move(out)}), usage);
}

Json AnswerWriter::end_chunk(std::int32_t choice, const ChoiceEnd& end,
                             const std::optional<Usage>& usage) const {
  Json out = chunk_choice(choice);
  if (chat()) {
    out["delta"] = Json::object();
  } else {
    out["text"] = "";
  }
  out["logprobs"] = nullptr;
  out["finish_reason"] = end.finish_reason;
  out["stop_reason"] = stop_reason_json(end);
  if (!chat() && request_.options.return_token_ids) {
    out["prompt_token_ids"] = request_.prompt_of(choice).tokens;
  }
  return chunk(Json::array({std::move(out)}), usage);
}

Json AnswerWriter::usage_chunk(const Usage& usage) const {
  return chunk(Json::array(), usage);
}

Json AnswerWriter::whole(const std::vector<ChoiceAnswer>& choices, const Usage& usage) const {
  Json out = head(chat() ? "chat.completion" : "text_completion");
  Json list = Json::array();
  for (const ChoiceAnswer& answer : choices) {
    const auto index = static_cast<std::int32_t>(list.size());
    Json choice = chunk_choice(index);
    if (chat()) {
      choice["message"] = {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
    } else {
      choice["text"] = answer.text;
    }
    choice["logprobs"] = logprobs(answer.tokens);
    choice["finish_reason"] = answer.end.finish_reason;
    choice["stop_reason"] = stop_reason_json(answer.end);
    if (request_.options.return_token_ids) {
      choice["prompt_token_ids"] = request_.prompt_of(index).tokens;
      choice["token_ids"] = token_ids_json(answer.tokens);
    }
    list.push_back(std::move(choice));
  }
  out["choices"] = std::move(list);
  out["usage"] = usage_json(usage);
  return out;
}

Json AnswerWriter::logprobs(const std::vector<TokenNote>& tokens) const {
  if (!request_.options.sampling.logprobs) return nullptr;
  return chat() ? chat_logprobs(tokens) : completion_logprobs(tokens);
}

Json AnswerWriter::chat_token(engine::TokenId id, float logprob) const {
  const std::string bytes = tokenizer_.token_bytes(id);
  Json numbers = Json::array();
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  return {{"token",
           request_.options.tokens_as_ids ? "token_id:" + std::to_string(id) : lossy_utf8(bytes)},
          {"logprob", shown(logprob)},
          {"bytes", std::move(numbers)}};
}

Json AnswerWriter::chat_logprobs(const std::vector<TokenNote>& tokens) const {
  Json content = Json::array();
  for (const TokenNote& note : tokens) {
    Json entry = chat_token(note.token.id, note.token.logprob.logprob);
    Json top = Json::array();
    for (const engine::TokenLogprob& other : note.token.top) {
      top.push_back(chat_token(other.id, other.logprob));
    }
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

std::string AnswerWriter::legacy_token(engine::TokenId id) const {
  if (request_.options.tokens_as_ids) return "token_id:" + std::to_string(id);
  std::string bytes = tokenizer_.token_bytes(id);
  if (engine::is_valid_utf8(bytes)) return bytes;
  std::string escaped = "bytes:";  // OpenAI's spelling of tokens that are no text
  for (const char byte : bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    escaped += "\\x";
    escaped += kHex[value >> 4U];
    escaped += kHex[value & 15U];
  }
  return escaped;
}

Json AnswerWriter::completion_logprobs(const std::vector<TokenNote>& tokens) const {
  Json names = Json::array();
  Json logprobs = Json::array();
  Json tops = Json::array();
  Json offsets = Json::array();
  for (const TokenNote& note : tokens) {
    names.push_back(legacy_token(note.token.id));
    offsets.push_back(note.text_offset);
    if (!note.scored) {
      logprobs.push_back(nullptr);
      tops.push_back(nullptr);
      continue;
    }
    logprobs.push_back(shown(note.token.logprob.logprob));
    // The chosen token is always among them. Two ids with the same text: the likelier one stays.
    Json top = Json::object();
    for (const engine::TokenLogprob& other : note.token.top) {
      std::string name = legacy_token(other.id);
      if (!top.contains(name)) top[std::move(name)] = shown(other.logprob);
    }
    std::string own = legacy_token(note.token.id);
    if (!top.contains(own)) top[std::move(own)] = shown(note.token.logprob.logprob);
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(names)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace quire::server
