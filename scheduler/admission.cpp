#include "scheduler/admission.h"

#include <algorithm>
#include <string>

#include "scheduler/block_pool.h"

namespace quire::scheduler {
namespace {

Refusal never_fits(std::string message) {
  return {.kind = Refusal::Kind::never_fits, .message = std::move(message), .retry_after = {}};
}

}  // namespace

std::int32_t output_limit(const Request& request, const SchedulerConfig& config) noexcept {
  const auto prompt = static_cast<std::int64_t>(request.prompt.size());
  const std::int64_t rest = std::max<std::int64_t>(config.max_model_tokens - prompt, 0);
  return static_cast<std::int32_t>(std::min<std::int64_t>(request.sampling.max_tokens, rest));
}

std::optional<Refusal> find_refusal(const Request& request, const SchedulerConfig& config) {
  const auto prompt = static_cast<std::int64_t>(request.prompt.size());
  if (prompt == 0) return never_fits("the prompt has no tokens");
  if (config.vocab_size > 0) {
    for (const engine::TokenId id : request.prompt) {
      if (id >= 0 && id < config.vocab_size) continue;
      return never_fits("prompt token id " + std::to_string(id) +
                        " is outside of the vocabulary of " + std::to_string(config.vocab_size));
    }
  }
  const std::int32_t at_least = std::min(request.sampling.max_tokens, 1);
  if (prompt + at_least > config.max_model_tokens) {
    return never_fits("the prompt has " + std::to_string(prompt) + " tokens; with " +
                      std::to_string(at_least) + " more for the answer that exceeds the limit of " +
                      std::to_string(config.max_model_tokens) + " tokens");
  }
  // The last output token's KV is never computed.
  const std::int32_t output = output_limit(request, config);
  const auto rows = static_cast<std::int32_t>(prompt) + std::max(output - 1, 0);
  if (blocks_for(rows) > config.kv_blocks) {
    return never_fits("the prompt has " + std::to_string(prompt) +
                      " tokens and the answer may have " + std::to_string(output) +
                      "; that needs " + std::to_string(blocks_for(rows)) + " KV blocks of " +
                      std::to_string(kBlockTokens) + " tokens, and there are " +
                      std::to_string(config.kv_blocks));
  }
  return std::nullopt;
}

}  // namespace quire::scheduler
