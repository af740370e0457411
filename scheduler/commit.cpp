// Scheduler, second half: what becomes of a step's results.
#include <algorithm>
#include <utility>

#include "kernels/invariant.h"
#include "scheduler/scheduler.h"

namespace quire::scheduler {
namespace {

bool is_stop_token(const Sequence& sequence, engine::TokenId id) {
  const auto& stops = sequence.sampling.stop_token_ids;
  return std::binary_search(stops.begin(), stops.end(), id);
}

}  // namespace

void Scheduler::commit_step(std::span<engine::SequenceResult> results, TimePoint now) {
  INVARIANT(results.size() == steps_.size(), "one result for each sequence of the step");
  for (std::size_t i = 0; i < results.size(); ++i) apply(*in_step_[i], steps_[i], results[i], now);
  counters_.computed_tokens +=
      static_cast<std::uint64_t>(record_.prefill_tokens + record_.decode_tokens);
  end_step(now, false);
}

void Scheduler::fail_step(const std::string& error, TimePoint now) {
  for (Sequence* sequence : in_step_) finish(*sequence, FinishReason::error, error, now);
  end_step(now, true);
}

void Scheduler::end_step(TimePoint now, bool failed) {
  ++counters_.steps;
  record_.sequences = static_cast<std::int32_t>(in_step_.size());
  record_.running = static_cast<std::int32_t>(state_.running.size());
  record_.waiting = static_cast<std::int32_t>(state_.waiting.size());
  record_.blocks_free = state_.pool.free();
  record_.blocks_cached = state_.pool.cached();
  record_.blocks_in_use = state_.pool.in_use();
  record_.failed = failed;
  record_.duration = now - step_began_;
  pace_.record(record_);
  steps_.clear();
  in_step_.clear();
}

void Scheduler::apply(Sequence& sequence, const engine::SequenceStep& step,
                      engine::SequenceResult& result, TimePoint now) {
  sequence.computed_tokens += step.rows;
  if (result.error) {
    finish(sequence, FinishReason::error, std::move(*result.error), now);
    return;
  }
  INVARIANT(result.sampled.has_value() == step.sample, "a token is sampled where one is asked for");
  sequence.computed += step.rows;
  settle_blocks(sequence);
  keep_prompt_logprobs(sequence, step, result);
  if (step.sample) {
    append(sequence, std::move(*result.sampled), now);
  } else if (sequence.remaining() == 0) {
    finish(sequence, FinishReason::length, {}, now);  // only scored
  }
}

void Scheduler::append(Sequence& sequence, engine::SampledToken token, TimePoint now) {
  const bool stops =
      is_stop_token(sequence, token.id) && sequence.output_tokens() >= sequence.sampling.min_tokens;
  if (!sequence.first_token) sequence.first_token = now;
  sequence.tokens.push_back(token.id);
  extend_hashes(sequence);
  delivery_to(sequence).token = std::move(token);
  if (stops) {
    finish(sequence, FinishReason::stop, {}, now);
  } else if (sequence.output_tokens() == sequence.max_output) {
    finish(sequence, FinishReason::length, {}, now);
  }
}

/// After a preemption some rows are computed again; their logprobs are not sent again.
void Scheduler::keep_prompt_logprobs(Sequence& sequence, const engine::SequenceStep& step,
                                     engine::SequenceResult& result) {
  if (!sequence.sampling.prompt_logprobs) return;
  auto& fresh = result.prompt_logprobs;
  const std::int32_t end = std::min(step.first_position + step.rows, sequence.prompt_tokens - 1);
  INVARIANT(std::ssize(fresh) == std::max(end - step.first_position, 0),
            "one logprob for each row whose successor is a prompt token");
  const std::int32_t known = sequence.prompt_logprobs_sent - step.first_position;
  fresh.erase(fresh.begin(),
              fresh.begin() + std::clamp<std::ptrdiff_t>(known, 0, std::ssize(fresh)));
  if (fresh.empty()) return;
  sequence.prompt_logprobs_sent = end;
  delivery_to(sequence).prompt_logprobs = std::move(fresh);
}

/// Offers newly computed full blocks to the prefix index. Where an equal block is there already,
/// the sequence takes that one and gives its own back: the bytes are the same.
void Scheduler::settle_blocks(Sequence& sequence) {
  if (!state_.config.prefix_cache) return;
  for (; sequence.settled_blocks < sequence.computed / kBlockTokens; ++sequence.settled_blocks) {
    const auto i = static_cast<std::size_t>(sequence.settled_blocks);
    if (sequence.settled_blocks < sequence.claimed_blocks) {
      state_.in_flight.release(sequence.hashes[i], sequence.id);
    }
    if (!sequence.index_blocks) continue;
    const auto ids = sequence.blocks.ids();
    const BlockKey key{.hash = sequence.hashes[i],
                       .parent = i == 0 ? std::nullopt : std::optional(ids[i - 1]),
                       .salt = sequence.cache_salt,
                       .tokens = std::span<const engine::TokenId>(sequence.tokens)
                                     .subspan(i * kBlockTokens, kBlockTokens)};
    const auto holder = state_.index.insert(key, ids[i]);
    if (!holder) {
      sequence.index_blocks = false;
    } else if (*holder == ids[i]) {
      state_.pool.mark_indexed(ids[i]);
    } else {
      sequence.blocks.replace(i, state_.pool.share(*holder));
    }
  }
}

}  // namespace quire::scheduler
