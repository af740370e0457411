#include "server/core/token_inbox.h"

#include <algorithm>
#include <iterator>

namespace quire::server {

class TokenInbox::Stream final : public scheduler::TokenStream {
 public:
  Stream(std::shared_ptr<TokenInbox> inbox, std::int32_t choice)
      : inbox_(std::move(inbox)), choice_(choice) {}

  void on_start(std::int32_t cached_tokens) override { put(Started{cached_tokens}); }
  void on_prompt_logprobs(std::span<const engine::SampledToken> tokens) override {
    put(PromptLogprobs(tokens.begin(), tokens.end()));
  }
  void on_token(const engine::SampledToken& token) override { put(token); }
  void on_finish(const scheduler::Finish& finish) override { put(finish); }

 private:
  template <class What>
  void put(What&& what) {
    inbox_->put({choice_, std::chrono::steady_clock::now(), std::forward<What>(what)});
  }

  std::shared_ptr<TokenInbox> inbox_;
  std::int32_t choice_;
};

std::shared_ptr<scheduler::TokenStream> TokenInbox::stream(std::int32_t choice) {
  return std::make_shared<Stream>(shared_from_this(), choice);
}

void TokenInbox::put(Delivery delivery) {
  const std::lock_guard lock(mutex_);
  if (detached_ || (overflowed_ && !std::holds_alternative<scheduler::Finish>(delivery.what))) {
    return;
  }
  if (waiting_.size() >= max_tokens_ && !overflowed_) {
    overflowed_ = true;
    if (wake_.overflow) wake_.overflow();
  }
  waiting_.push_back(std::move(delivery));
  if (wanted_) {
    wanted_ = false;
    wake_.arrived();
  }
}

std::vector<Delivery> TokenInbox::take(std::size_t count) {
  const std::lock_guard lock(mutex_);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(count, waiting_.size()));
  std::vector<Delivery> taken(std::make_move_iterator(waiting_.begin()),
                              std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  wanted_ = taken.empty();
  return taken;
}

void TokenInbox::detach() {
  const std::lock_guard lock(mutex_);
  detached_ = true;
  waiting_.clear();
  wake_ = {};
}

}  // namespace quire::server
