// Delivery: what a TokenStream is to be told, kept until the state behind it is committed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/token.h"
#include "scheduler/request.h"
#include "scheduler/token_stream.h"

namespace quire::scheduler {

struct Delivery {
  RequestId id{};
  std::shared_ptr<TokenStream> stream;
  std::optional<std::int32_t> cached_tokens;  // on_start
  std::vector<engine::SampledToken> prompt_logprobs;
  std::optional<engine::SampledToken> token;
  std::optional<Finish> finish;
};

/// Makes the calls, in the order of the fields. A stream that throws breaks its contract and ends
/// the program. Thread: engine only.
inline void deliver(const Delivery& delivery) noexcept {
  TokenStream& stream = *delivery.stream;
  if (delivery.cached_tokens) stream.on_start(*delivery.cached_tokens);
  if (!delivery.prompt_logprobs.empty()) stream.on_prompt_logprobs(delivery.prompt_logprobs);
  if (delivery.token) stream.on_token(*delivery.token);
  if (delivery.finish) stream.on_finish(*delivery.finish);
}

}  // namespace quire::scheduler
