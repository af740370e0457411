#include "server/step_tally.h"

#include <algorithm>

namespace quire::server {

void StepTally::record(const scheduler::StepRecord& step) noexcept {
  if (step.failed) return;
  const std::int32_t tokens = step.prefill_tokens + step.decode_tokens;
  const auto* const bound = std::lower_bound(kBounds.begin(), kBounds.end(), tokens);
  const auto bucket = static_cast<std::size_t>(bound - kBounds.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  tokens_.fetch_add(static_cast<std::uint64_t>(tokens), std::memory_order_relaxed);
}

StepTally::Counts StepTally::counts() const noexcept {
  Counts counts;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    counts.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    counts.steps += counts.buckets[i];
  }
  counts.tokens = tokens_.load(std::memory_order_relaxed);
  return counts;
}

}  // namespace quire::server
