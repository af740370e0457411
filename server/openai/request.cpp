#include "server/openai/request.h"

#include <algorithm>

#include "server/openai/messages.h"

namespace quire::server {
namespace {

using engine::TokenId;

std::string context_figures(std::int32_t context, std::size_t prompt) {
  return "the context of this model is " + std::to_string(context) + " tokens, the prompt has " +
         std::to_string(prompt);
}

ApiError bad_prompt(const std::string& why) {
  return {ErrorKind::invalid_type,
          "prompt must be a string, an array of strings, an array of token ids or an array of such "
          "arrays: " +
              why,
          "prompt",
          {}};
}

/// The four shapes of `prompt`. Texts are left to be tokenised.
std::optional<ApiError> read_prompts(const Json& prompt, const ServedModel& served,
                                     std::vector<PromptInput>& out) {
  const std::int32_t vocab = served.summary.vocab_size;
  if (prompt.is_string()) {
    out.emplace_back().text = prompt.get<std::string>();
    return std::nullopt;
  }
  if (!prompt.is_array()) return bad_prompt(std::string("got ") + type_name_of(prompt));
  if (prompt.empty()) return bad_prompt("got an empty array");
  if (prompt.front().is_number())
    return read_token_ids(prompt, vocab, "prompt", out.emplace_back().tokens);
  const auto limit = static_cast<std::size_t>(served.config.limits.choices);
  if (prompt.size() > limit) {
    return ApiError{ErrorKind::invalid_value,
                    "prompt must not have more than " + std::to_string(limit) + " entries",
                    "prompt",
                    {}};
  }
  for (const Json& entry : prompt) {
    if (entry.type() != prompt.front().type() || !(entry.is_string() || entry.is_array())) {
      return bad_prompt("entries differ in type");
    }
    PromptInput& input = out.emplace_back();
    if (entry.is_string()) {
      input.text = entry.get<std::string>();
    } else if (auto error = read_token_ids(entry, vocab, "prompt", input.tokens)) {
      return error;
    }
  }
  return std::nullopt;
}

std::optional<ApiError> tokenise(PromptInput& input, const engine::Model& model,
                                 const ServerConfig& config, bool add_special, const char* param) {
  if (!input.tokens.empty()) return std::nullopt;
  auto tokens = encode_text(input.text, model, config, add_special, param);
  if (!tokens) return tokens.error();
  input.tokens = std::move(tokens).value();
  if (!input.tokens.empty()) return std::nullopt;
  return ApiError{
      ErrorKind::invalid_value, std::string(param) + " is empty: there are no tokens", param, {}};
}

/// Cuts the rendered text after the final message, as continue_final_message asks.
std::optional<ApiError> cut_after_final_message(std::string& text, const std::string& final) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = final.find_first_not_of(kBlank);
  const std::size_t last = final.find_last_not_of(kBlank);
  if (first != std::string::npos) {
    const std::string core = final.substr(first, last - first + 1);
    const std::size_t place = text.rfind(core);
    if (place != std::string::npos) {
      // Trailing blanks of the message stay where the template kept them.
      const std::string tail = final.substr(first);
      const bool kept = text.compare(place, tail.size(), tail) == 0;
      text.resize(place + (kept ? tail.size() : core.size()));
      return std::nullopt;
    }
  }
  return ApiError{ErrorKind::template_refused,
                  "continue_final_message: the chat template does not show the final message",
                  "continue_final_message",
                  {}};
}

void refuse_unsupported_chat_fields(FieldReader& fields) {
  for (const char* name : {"audio", "functions", "function_call", "prediction",
                           "web_search_options", "moderation", "reasoning_effort", "verbosity"}) {
    fields.refuse(name, "is not supported");
  }
  const Json* modalities = fields.array("modalities");
  if (modalities != nullptr && *modalities != Json::array({"text"})) {
    fields.fail(ErrorKind::unsupported_field, "modalities", "must be [\"text\"]");
  }
  const Json* format = fields.object("response_format");
  if (format != nullptr && *format != Json{{"type", "text"}}) {
    fields.fail(ErrorKind::unsupported_field, "response_format", "must be {\"type\":\"text\"}");
  }
  if (!fields.boolean("parallel_tool_calls", true)) {
    fields.fail(ErrorKind::unsupported_field, "parallel_tool_calls", "must be true");
  }
}

std::optional<ApiError> find_bad_sampling(const GenerationRequest& request, std::int32_t vocab) {
  for (std::int32_t choice = 0; choice < request.choices(); choice += request.options.n) {
    const auto bad = engine::find_bad_sampling_param(request.sampling_of(choice), vocab);
    if (!bad) continue;
    return ApiError{ErrorKind::invalid_value, *bad, bad->substr(0, bad->find(' ')), {}};
  }
  return std::nullopt;
}

/// The checks both dialects end with.
engine::Result<GenerationRequest, ApiError> checked(GenerationRequest request,
                                                    const engine::Model& model,
                                                    const ServerConfig& config) {
  if (request.choices() > config.limits.choices) {
    return ApiError{
        ErrorKind::invalid_value,
        "n times the number of prompts must not be above " + std::to_string(config.limits.choices),
        "n",
        {}};
  }
  if (auto error = fit_to_context(request, config)) return std::move(*error);
  if (auto error = find_bad_sampling(request, model.summary().vocab_size)) return std::move(*error);
  return request;
}

}  // namespace

engine::SamplingParams GenerationRequest::sampling_of(std::int32_t choice) const {
  engine::SamplingParams sampling = options.sampling;
  sampling.seed = static_cast<std::uint64_t>(seed_of(choice));
  sampling.max_tokens = prompt_of(choice).max_tokens;
  sampling.prompt_logprobs = echo && (sampling.logprobs || sampling.max_tokens == 0);
  return sampling;
}

std::optional<ApiError> read_token_ids(const Json& list, std::int32_t vocab, const char* param,
                                       std::vector<TokenId>& out) {
  if (list.empty()) {
    return ApiError{
        ErrorKind::invalid_value, std::string(param) + " is empty: there are no tokens", param, {}};
  }
  out.reserve(list.size());
  for (const Json& id : list) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= static_cast<std::uint64_t>(vocab)) {
      return ApiError{ErrorKind::invalid_value,
                      std::string(param) + " must hold token ids from 0 to " +
                          std::to_string(vocab - 1) + ", got " +
                          (id.is_number() ? id.dump() : id.type_name()),
                      param,
                      {}};
    }
    out.push_back(id.get<TokenId>());
  }
  return std::nullopt;
}

engine::Result<std::vector<TokenId>, ApiError> encode_text(std::string_view text,
                                                           const engine::Model& model,
                                                           const ServerConfig& config,
                                                           bool add_special, const char* param) {
  const std::int32_t context = config.scheduler.max_model_tokens;
  if (text.size() > kMaxBytesPerToken * static_cast<std::size_t>(context)) {
    return ApiError{ErrorKind::context_too_long,
                    "the context of this model is " + std::to_string(context) +
                        " tokens: a text of " + std::to_string(text.size()) + " bytes cannot fit",
                    param,
                    {}};
  }
  try {
    return model.tokenizer().encode(text, {.add_special_tokens = add_special});
  } catch (const engine::EncodeError& error) {
    return ApiError{ErrorKind::invalid_value,
                    std::string(param) + " cannot be tokenised: " + error.what(),
                    param,
                    {}};
  }
}

std::optional<ApiError> fit_to_context(GenerationRequest& request, const ServerConfig& config) {
  const std::int32_t context = config.scheduler.max_model_tokens;
  const bool chat = request.options.dialect == Dialect::chat;
  const char* param = chat ? "messages" : "prompt";
  const bool score_only = request.echo && request.options.max_tokens == 0;
  if (request.options.max_tokens == 0 && !score_only) {
    return ApiError{ErrorKind::invalid_value,
                    "max_tokens must be at least 1 (0 only with echo)",
                    "max_tokens",
                    {}};
  }
  for (PromptInput& prompt : request.prompts) {
    const auto size = prompt.tokens.size();
    const std::int64_t room = std::int64_t{context} - static_cast<std::int64_t>(size);
    if (room < (score_only ? 0 : 1)) {
      return ApiError{ErrorKind::context_too_long,
                      context_figures(context, size) + (room == 0 ? ": no room for an answer" : ""),
                      param,
                      {}};
    }
    const auto& asked = request.options.max_tokens;
    if (asked && *asked > room) {
      const std::string& field = request.options.max_tokens_field;
      return ApiError{ErrorKind::context_too_long,
                      context_figures(context, size) + " and " + field + " asks for " +
                          std::to_string(*asked) + " more",
                      field,
                      {}};
    }
    constexpr std::int32_t kCompletionDefault = 16;  // of the OpenAI API
    const std::int32_t fallback = config.sampling.max_tokens.value_or(
        chat ? static_cast<std::int32_t>(room) : kCompletionDefault);
    prompt.max_tokens =
        asked.value_or(static_cast<std::int32_t>(std::min<std::int64_t>(fallback, room)));
  }
  return std::nullopt;
}

engine::Result<std::string, ApiError> render_chat(const Json& variables,
                                                  const engine::Model& model) {
  if (model.chat_template() == nullptr) {
    return ApiError{ErrorKind::template_refused,
                    "this model has no chat template: use /v1/completions",
                    "messages",
                    {}};
  }
  auto rendered = model.chat_template()->render(variables);
  if (!rendered) return to_api_error(rendered.error());
  return std::move(rendered).value();
}

engine::Result<GenerationRequest, ApiError> translate_chat(const Json& body,
                                                           const engine::Model& model,
                                                           const ServerConfig& config) {
  const ServedModel served{config, model.summary(), model.sampling_defaults()};
  FieldReader fields(body);
  GenerationRequest request;
  request.options = read_options(fields, served, Dialect::chat);
  const Conversation conversation = read_conversation(fields);
  const bool add_special = fields.boolean("add_special_tokens", false);
  refuse_unsupported_chat_fields(fields);
  if (auto error = fields.finish()) return std::move(*error);

  auto text = render_chat(template_variables(conversation, model.template_variables()), model);
  if (!text) return text.error();
  PromptInput& prompt = request.prompts.emplace_back();
  prompt.text = std::move(text).value();
  if (conversation.continue_final_message) {
    const Json& last = conversation.messages.back()["content"];
    if (auto error = cut_after_final_message(prompt.text, last.get_ref<const std::string&>())) {
      return std::move(*error);
    }
  }
  if (auto error = tokenise(prompt, model, config, add_special, "messages")) {
    return std::move(*error);
  }
  return checked(std::move(request), model, config);
}

engine::Result<GenerationRequest, ApiError> translate_completion(const Json& body,
                                                                 const engine::Model& model,
                                                                 const ServerConfig& config) {
  const ServedModel served{config, model.summary(), model.sampling_defaults()};
  FieldReader fields(body);
  GenerationRequest request;
  request.options = read_options(fields, served, Dialect::completions);
  const Json* prompt = fields.any("prompt");
  if (prompt == nullptr) fields.fail(ErrorKind::missing_field, "prompt", "is required");
  request.echo = fields.boolean("echo", false);
  const bool add_special = fields.boolean("add_special_tokens", true);
  const auto best_of = fields.integer("best_of", 1, config.limits.choices);
  if (best_of && *best_of != request.options.n) {
    fields.fail(ErrorKind::unsupported_field, "best_of", "must equal n");
  }
  const auto suffix = fields.text("suffix", SIZE_MAX);
  if (suffix && !suffix->empty()) {
    fields.fail(ErrorKind::unsupported_field, "suffix", "is not supported");
  }
  if (auto error = fields.finish()) return std::move(*error);

  if (auto error = read_prompts(*prompt, served, request.prompts)) return std::move(*error);
  for (PromptInput& input : request.prompts) {
    if (!input.tokens.empty() && request.echo) {
      input.text = model.tokenizer().decode(input.tokens, request.options.skip_special_tokens);
    }
    if (auto error = tokenise(input, model, config, add_special, "prompt")) {
      return std::move(*error);
    }
  }
  return checked(std::move(request), model, config);
}

}  // namespace quire::server
