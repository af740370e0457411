// TokenInbox: the crossing from the engine thread to a session. The engine side appends and wakes;
// the session takes what is there, in order. Bounded: a session that does not take gets cut off.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "scheduler/token_stream.h"

namespace quire::server {

struct Started {
  std::int32_t cached_tokens = 0;
};
using PromptLogprobs = std::vector<engine::SampledToken>;

/// One callback of a TokenStream, as a value.
struct Delivery {
  std::int32_t choice = 0;
  std::chrono::steady_clock::time_point at;
  std::variant<Started, PromptLogprobs, engine::SampledToken, scheduler::Finish> what;
};

/// Thread: any.
class TokenInbox : public std::enable_shared_from_this<TokenInbox> {
 public:
  struct Wake {
    std::function<void()> arrived;   // called once for every take() that found nothing
    std::function<void()> overflow;  // called once, when more than max_tokens wait
  };

  /// The wakes are called on the engine thread, must post and return.
  TokenInbox(std::size_t max_tokens, Wake wake) : max_tokens_(max_tokens), wake_(std::move(wake)) {}

  /// The stream of one choice. It keeps the inbox alive.
  std::shared_ptr<scheduler::TokenStream> stream(std::int32_t choice);

  /// At most `count` deliveries, oldest first. Empty: `arrived` will be called at the next one.
  std::vector<Delivery> take(std::size_t count);

  /// No wake is called after this returns, and nothing is kept any more.
  void detach();

 private:
  class Stream;
  void put(Delivery delivery);

  std::size_t max_tokens_;
  std::mutex mutex_;
  Wake wake_;
  std::deque<Delivery> waiting_;
  bool wanted_ = false;  // a take() came back empty
  bool overflowed_ = false;
  bool detached_ = false;
};

}  // namespace quire::server
