#include "tools/token_queue.h"

#include <utility>

namespace quire::tools {

void TokenQueue::on_start(std::int32_t /*cached_tokens*/) {}

void TokenQueue::on_prompt_logprobs(std::span<const engine::SampledToken> tokens) {
  const std::scoped_lock lock(mutex_);
  prompt_logprobs_.insert(prompt_logprobs_.end(), tokens.begin(), tokens.end());
}

void TokenQueue::on_token(const engine::SampledToken& token) {
  const std::scoped_lock lock(mutex_);
  events_.emplace_back(token);
  changed_.notify_one();
}

void TokenQueue::on_finish(const scheduler::Finish& finish) {
  const std::scoped_lock lock(mutex_);
  events_.emplace_back(finish);
  changed_.notify_one();
}

std::optional<TokenQueue::Event> TokenQueue::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience, [this] { return !events_.empty(); })) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::vector<engine::SampledToken> TokenQueue::take_prompt_logprobs() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(prompt_logprobs_, {});
}

}  // namespace quire::tools
