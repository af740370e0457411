// Sequence: one request on its way. There are no phases: a sequence has `computed` and `total()`
// tokens, and every step lets the first chase the second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/sampling_params.h"
#include "engine/token.h"
#include "scheduler/block_pool.h"
#include "scheduler/prefix_index.h"
#include "scheduler/request.h"
#include "scheduler/token_stream.h"

namespace quire::scheduler {

using TimePoint = std::chrono::steady_clock::time_point;

/// Plain data; the scheduler keeps it consistent. Thread: engine only.
struct Sequence {
  RequestId id{};
  std::uint64_t arrival = 0;  // number of the request in order of submission
  std::int32_t priority = 0;
  std::string cache_salt;
  engine::SamplingParams sampling;
  std::shared_ptr<TokenStream> stream;

  std::vector<engine::TokenId> tokens;  // prompt, then what was sampled
  std::int32_t prompt_tokens = 0;
  std::int32_t max_output = 0;  // sampling.max_tokens, or less where the model ends
  std::int32_t computed = 0;    // tokens whose KV is in `blocks`; always < total() between steps
  BlockTable blocks;            // empty while waiting

  std::vector<BlockHash> hashes;    // of every full block of `tokens`; empty without prefix cache
  std::int32_t settled_blocks = 0;  // computed full blocks that were offered to the prefix index
  bool index_blocks = true;         // false after a hash collision: its chain ends there
  std::int32_t claimed_blocks = 0;  // hashes[settled, claimed) are in flight under this id
  std::optional<BlockHash> waits_for;  // in flight elsewhere when last planned

  std::int32_t prompt_logprobs_sent = 0;
  std::optional<std::int32_t> cached_tokens;  // at first admission
  std::int32_t computed_tokens = 0;
  std::int32_t preemptions = 0;
  TimePoint submitted;
  std::optional<TimePoint> admitted, first_token;

  std::int32_t total() const noexcept { return static_cast<std::int32_t>(tokens.size()); }
  std::int32_t remaining() const noexcept { return total() - computed; }
  std::int32_t output_tokens() const noexcept { return total() - prompt_tokens; }
  /// Blocks it can ever need: the last output token's KV is never computed.
  std::int32_t max_blocks() const noexcept {
    return blocks_for(prompt_tokens + std::max(max_output - 1, 0));
  }
  /// Leading tokens that need not be computed by this sequence itself: never all of them, since the
  /// last row gives the logits, and no row whose prompt logprob is still owed.
  std::int32_t reusable_tokens() const noexcept {
    const bool owes_rows = sampling.prompt_logprobs && prompt_logprobs_sent + 1 < prompt_tokens;
    return owes_rows ? prompt_logprobs_sent : total() - 1;
  }
};

}  // namespace quire::scheduler
