// One answer computed in this process: submits a request to the engine thread and turns its tokens
// into text as they come (detokeniser, stop strings), for generate and chat.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model.h"
#include "engine/token.h"
#include "scheduler/engine_thread.h"
#include "scheduler/request.h"

namespace quire::tools {

struct AnswerRequest {
  scheduler::Request request;
  std::vector<std::string> stop;  // stop strings
  bool skip_special_tokens = true;
};

struct Answer {
  std::string text;
  std::vector<engine::SampledToken> tokens;
  std::vector<engine::SampledToken> prompt_logprobs;
  scheduler::Finish finish;
};

struct AnswerObservers {
  std::function<void(std::string_view)> on_text;  // text as it comes; null = none
  std::function<bool()> interrupted;              // true = cancel; asked often; null = never
};

/// Blocks until the answer is complete. Throws std::runtime_error when the request is refused or
/// fails.
Answer compute_answer(scheduler::EngineThread& thread, const engine::Model& model,
                      AnswerRequest request, const AnswerObservers& observers);

/// The text of a conversation under the model's chat template, ready for an answer. `messages_json`
/// is an array of {"role", "content"}. Throws std::runtime_error: no template, or what the template
/// says.
std::string render_chat(const engine::Model& model, const std::string& messages_json);

/// max_tokens of 0 becomes the rest of the context. Throws std::runtime_error when the prompt is
/// empty or fills the context.
void bound_answer(scheduler::Request& request, std::int32_t max_model_len);

/// "stop", "length", "cancelled" or "error".
std::string_view finish_name(scheduler::FinishReason reason) noexcept;

}  // namespace quire::tools
