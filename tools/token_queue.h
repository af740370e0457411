// TokenQueue: a TokenStream whose receiver is a thread of this process (generate, chat).
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "engine/token.h"
#include "scheduler/token_stream.h"

namespace quire::tools {

/// Thread: the callbacks engine only, wait() any one receiver.
class TokenQueue final : public scheduler::TokenStream {
 public:
  using Event = std::variant<engine::SampledToken, scheduler::Finish>;

  void on_start(std::int32_t cached_tokens) override;
  void on_prompt_logprobs(std::span<const engine::SampledToken> tokens) override;
  void on_token(const engine::SampledToken& token) override;
  void on_finish(const scheduler::Finish& finish) override;

  /// The next event; nothing when none came within `patience`. A Finish is the last one.
  std::optional<Event> wait(std::chrono::milliseconds patience);
  /// Logprobs of the prompt's tokens, complete once a token or the finish was received.
  std::vector<engine::SampledToken> take_prompt_logprobs();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
  std::vector<engine::SampledToken> prompt_logprobs_;
};

}  // namespace quire::tools
