// TokenStream: where a request's tokens go. The one crossing from the engine thread to the outside.
#pragma once

#include <span>

#include "engine/token.h"
#include "scheduler/request.h"

namespace quire::scheduler {

/// Called on the engine thread, in order: on_start, any number of on_prompt_logprobs and on_token,
/// then exactly one on_finish, after which the engine has let go of it. A request that ends before
/// it was admitted gets on_finish alone; a stop token is told like any other. Implementations post
/// and return: they never block, throw or call back into the engine thread.
class TokenStream {
 public:
  TokenStream() = default;
  TokenStream(const TokenStream&) = delete;
  TokenStream& operator=(const TokenStream&) = delete;
  virtual ~TokenStream() = default;

  /// The request was admitted; `cached_tokens` of its prompt came from the prefix cache.
  virtual void on_start(std::int32_t cached_tokens) = 0;
  /// Logprobs of prompt tokens 1, 2, ... in order, in one or several parts.
  virtual void on_prompt_logprobs(std::span<const engine::SampledToken> tokens) = 0;
  virtual void on_token(const engine::SampledToken& token) = 0;
  virtual void on_finish(const Finish& finish) = 0;
};

}  // namespace quire::scheduler
