#include "server/openai/token_requests.h"

#include "server/json/fields.h"
#include "server/openai/messages.h"
#include "server/openai/request.h"

namespace quire::server {
namespace {

/// The text to be tokenised, from `prompt` or `messages`.
engine::Result<std::string, ApiError> read_text(FieldReader& fields, const engine::Model& model,
                                                bool& add_special) {
  const auto prompt = fields.text("prompt", SIZE_MAX);
  if (prompt) {
    add_special = fields.boolean("add_special_tokens", true);
    if (auto error = fields.finish()) return std::move(*error);
    return *prompt;
  }
  const Conversation conversation = read_conversation(fields);
  add_special = fields.boolean("add_special_tokens", false);
  if (conversation.continue_final_message) {
    fields.fail(ErrorKind::unsupported_field, "continue_final_message", "is not supported here");
  }
  if (auto error = fields.finish()) return std::move(*error);
  return render_chat(template_variables(conversation, model.template_variables()), model);
}

void read_model_name(FieldReader& fields, const ServerConfig& config) {
  const auto name = fields.text("model", kMaxNameBytes);
  if (!name) return;
  if (auto error = find_unknown_model(*name, config)) fields.fail(std::move(*error));
}

}  // namespace

engine::Result<std::string, ApiError> answer_tokenize(std::string_view body,
                                                      const engine::Model& model,
                                                      const ServerConfig& config) {
  const auto json = parse_json(body);
  if (!json) return json.error();
  FieldReader fields(json.value());
  read_model_name(fields, config);
  const bool strings = fields.boolean("return_token_strs", false);
  bool add_special = true;
  const auto text = read_text(fields, model, add_special);
  if (!text) return text.error();
  const auto encoded = encode_text(text.value(), model, config, add_special, "prompt");
  if (!encoded) return encoded.error();
  const auto& ids = encoded.value();
  Json answer{
      {"count", ids.size()}, {"max_model_len", config.scheduler.max_model_tokens}, {"tokens", ids}};
  if (strings) {
    Json names = Json::array();
    for (const engine::TokenId id : ids) names.push_back(std::string(model.tokenizer().token(id)));
    answer["token_strs"] = std::move(names);
  }
  return to_text(answer);
}

engine::Result<std::string, ApiError> answer_detokenize(std::string_view body,
                                                        const engine::Model& model,
                                                        const ServerConfig& config) {
  const auto json = parse_json(body);
  if (!json) return json.error();
  FieldReader fields(json.value());
  read_model_name(fields, config);
  const Json* tokens = fields.array("tokens");
  if (tokens == nullptr) fields.fail(ErrorKind::missing_field, "tokens", "is required");
  if (auto error = fields.finish()) return std::move(*error);
  std::vector<engine::TokenId> ids;
  if (!tokens->empty()) {
    if (auto error = read_token_ids(*tokens, model.summary().vocab_size, "tokens", ids)) {
      return std::move(*error);
    }
  }
  return to_text(Json{{"prompt", model.tokenizer().decode(ids, false)}});
}

}  // namespace quire::server
