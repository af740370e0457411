// What a client wants (Request), what it gets told at the end (Finish), and why it may be refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sampling_params.h"
#include "engine/token.h"

namespace quire::scheduler {

enum class RequestId : std::uint64_t {};

/// One sequence to compute. `n` choices are n requests: equal prompts are computed once anyway.
struct Request {
  std::vector<engine::TokenId> prompt;  // at least one token
  engine::SamplingParams sampling;      // checked by find_bad_sampling_param
  std::int32_t priority = 0;            // policy `priority`: lower runs first (as in vLLM)
  std::string cache_salt;               // requests share prefixes only under equal salts
};

enum class FinishReason : std::uint8_t {
  stop,       // a stop token was sampled, or the receiver found a stop string
  length,     // max_tokens, or the model's last position
  cancelled,  // the client left, or the server is going down
  error,      // Finish::error says what happened
};

/// vLLM's label for metrics: "stop", "length", "abort", "error".
std::string_view name_of(FinishReason reason) noexcept;

/// Times are spent on the engine's clock.
struct Finish {
  FinishReason reason = FinishReason::stop;
  std::string error;  // for people; only with FinishReason::error
  std::int32_t prompt_tokens = 0;
  std::int32_t cached_tokens = 0;    // of the prompt, found in the prefix cache
  std::int32_t computed_tokens = 0;  // rows run for this request, recomputation included
  std::int32_t output_tokens = 0;    // a stop token included
  std::int32_t preemptions = 0;
  std::chrono::nanoseconds queued{0};   // submit -> first scheduled
  std::chrono::nanoseconds prefill{0};  // first scheduled -> first token
  std::chrono::nanoseconds decode{0};   // first token -> end
};

/// Why submit said no.
struct Refusal {
  enum class Kind : std::uint8_t {
    queue_full,  // try again after retry_after (429)
    never_fits,  // prompt (+ 1) is longer than the model or the KV pool allows (400)
    draining,    // the server is going down (503)
    failed,      // the engine stopped after an unrecoverable error (503)
  };
  Kind kind = Kind::queue_full;
  std::string message;  // with the figures
  std::chrono::seconds retry_after{0};
};

}  // namespace quire::scheduler
