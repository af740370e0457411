#include "tools/answer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/detokenizer.h"
#include "engine/stop_matcher.h"
#include "tools/token_queue.h"

namespace quire::tools {
namespace {

// How often a waiting receiver looks whether it was interrupted.
constexpr std::chrono::milliseconds kPatience{50};

/// Text side of one answer: what tokens become, and where it ends.
class TextSide {
 public:
  TextSide(const engine::Model& model, const AnswerRequest& request,
           const AnswerObservers& observers)
      : detokenizer_(model.tokenizer(), request.skip_special_tokens),
        stops_(request.stop),
        end_ids_(request.request.sampling.stop_token_ids),
        show_special_(!request.skip_special_tokens),
        observers_(observers) {}

  /// The token that ends a sequence is no text of the answer, unless special tokens are shown.
  void push(engine::TokenId id) {
    if (!show_special_ && std::binary_search(end_ids_.begin(), end_ids_.end(), id)) return;
    show(stops_.push(detokenizer_.push(id)));
  }
  void finish() {
    show(stops_.push(detokenizer_.finish()));
    show(stops_.finish());
  }
  bool stopped() const { return stops_.matched().has_value(); }
  std::string take() { return std::move(text_); }

 private:
  void show(const std::string& part) {
    if (part.empty()) return;
    text_ += part;
    if (observers_.on_text) observers_.on_text(part);
  }

  engine::Detokenizer detokenizer_;
  engine::StopMatcher stops_;
  std::vector<engine::TokenId> end_ids_;
  bool show_special_;
  const AnswerObservers& observers_;
  std::string text_;
};

/// Receives until the finish; cancels at a stop string or when interrupted.
Answer receive(scheduler::EngineThread& thread, scheduler::RequestId id, TokenQueue& queue,
               TextSide& text, const AnswerObservers& observers) {
  Answer answer;
  bool cancelled = false;
  for (;;) {
    std::optional<TokenQueue::Event> event = queue.wait(kPatience);
    if (!cancelled && observers.interrupted && observers.interrupted()) {
      thread.cancel(id);
      cancelled = true;
    }
    if (!event) continue;
    if (auto* finish = std::get_if<scheduler::Finish>(&*event)) {
      answer.finish = std::move(*finish);
      break;
    }
    if (cancelled) continue;
    answer.tokens.push_back(std::get<engine::SampledToken>(std::move(*event)));
    text.push(answer.tokens.back().id);
    if (text.stopped()) {
      thread.cancel(id, scheduler::FinishReason::stop);
      cancelled = true;
    }
  }
  return answer;
}

}  // namespace

Answer compute_answer(scheduler::EngineThread& thread, const engine::Model& model,
                      AnswerRequest request, const AnswerObservers& observers) {
  if (const auto bad =
          engine::find_bad_sampling_param(request.request.sampling, model.summary().vocab_size)) {
    throw std::runtime_error(*bad);
  }
  TextSide text(model, request, observers);
  const auto queue = std::make_shared<TokenQueue>();
  const auto id = thread.submit(std::move(request.request), queue);
  if (!id.ok()) throw std::runtime_error(id.error().message);
  Answer answer = receive(thread, id.value(), *queue, text, observers);
  text.finish();
  if (text.stopped()) answer.finish.reason = scheduler::FinishReason::stop;
  answer.text = text.take();
  answer.prompt_logprobs = queue->take_prompt_logprobs();
  if (answer.finish.reason == scheduler::FinishReason::error) {
    throw std::runtime_error("the engine failed: " + answer.finish.error);
  }
  return answer;
}

std::string render_chat(const engine::Model& model, const std::string& messages_json) {
  if (model.chat_template() == nullptr) {
    throw std::runtime_error("the model has no chat template; use `quire generate` without --chat");
  }
  nlohmann::ordered_json variables = model.template_variables();
  variables["messages"] = nlohmann::ordered_json::parse(messages_json);
  variables["add_generation_prompt"] = true;
  const auto text = model.chat_template()->render(variables);
  if (!text.ok()) throw std::runtime_error("chat template: " + text.error().message);
  return text.value();
}

void bound_answer(scheduler::Request& request, std::int32_t max_model_len) {
  const auto prompt = static_cast<std::int32_t>(request.prompt.size());
  if (prompt == 0) throw std::runtime_error("the prompt has no tokens");
  if (prompt >= max_model_len) {
    throw std::runtime_error("the prompt has " + std::to_string(prompt) +
                             " tokens and the context " + std::to_string(max_model_len));
  }
  const std::int32_t rest = max_model_len - prompt;
  std::int32_t& wanted = request.sampling.max_tokens;
  wanted = wanted == 0 ? rest : std::min(wanted, rest);
}

std::string_view finish_name(scheduler::FinishReason reason) noexcept {
  return reason == scheduler::FinishReason::cancelled ? "cancelled" : scheduler::name_of(reason);
}

}  // namespace quire::tools
