#include "scheduler/scheduler.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/invariant.h"
#include "scheduler/admission.h"

namespace quire::scheduler {
namespace {

void check_limit(const char* name, std::int32_t value, std::int32_t least) {
  if (value >= least) return;
  throw std::invalid_argument(std::string(name) + " must be at least " + std::to_string(least) +
                              ", got " + std::to_string(value));
}

const SchedulerConfig& checked(const SchedulerConfig& config) {
  check_limit("max_batch_tokens", config.max_batch_tokens, 1);
  if (config.target_step.count() < 0) {
    throw std::invalid_argument("target_step must not be negative, got " +
                                std::to_string(config.target_step.count()) + " ms");
  }
  check_limit("max_sequences", config.max_sequences, 1);
  check_limit("max_queued", config.max_queued, 0);
  check_limit("kv_blocks", config.kv_blocks, 1);
  check_limit("max_model_tokens", config.max_model_tokens, 2);
  check_limit("vocab_size", config.vocab_size, 0);
  return config;
}

void insert_in_order(std::vector<Sequence*>& list, Sequence* sequence, Before before) {
  const auto in_order = [before](const Sequence* a, const Sequence* b) { return before(*a, *b); };
  list.insert(std::upper_bound(list.begin(), list.end(), sequence, in_order), sequence);
}

}  // namespace

Scheduler::Scheduler(const SchedulerConfig& config, HashBlock hash)
    : state_(checked(config)), hash_(hash), pace_(config.target_step) {
  counters_.blocks_total = config.kv_blocks;
}

Scheduler::~Scheduler() = default;

void Scheduler::add(RequestId id, Request request, std::shared_ptr<TokenStream> stream,
                    TimePoint now) {
  auto sequence = std::make_unique<Sequence>();
  sequence->id = id;
  sequence->arrival = arrivals_++;
  sequence->priority = request.priority;
  sequence->max_output = output_limit(request, state_.config);
  sequence->prompt_tokens = static_cast<std::int32_t>(request.prompt.size());
  sequence->cache_salt = std::move(request.cache_salt);
  sequence->sampling = std::move(request.sampling);
  sequence->tokens = std::move(request.prompt);
  sequence->stream = std::move(stream);
  sequence->submitted = now;
  extend_hashes(*sequence);
  insert_in_order(state_.waiting, sequence.get(), state_.before);
  const bool is_new = state_.sequences.try_emplace(id, std::move(sequence)).second;
  INVARIANT(is_new, "a request id is used once");
}

void Scheduler::cancel(RequestId id, FinishReason reason, TimePoint now) {
  INVARIANT(steps_.empty(), "nothing is cancelled while its step runs");
  const auto found = state_.sequences.find(id);
  if (found != state_.sequences.end()) finish(*found->second, reason, {}, now);
}

void Scheduler::end_all(FinishReason reason, const std::string& error, TimePoint now) {
  steps_.clear();
  in_step_.clear();
  for (auto* list : {&state_.running, &state_.waiting}) {
    while (!list->empty()) finish(*list->back(), reason, error, now);
  }
}

/// Rows of the next step: all that one may have, or fewer where answers would wait for prompts.
std::int32_t Scheduler::budget() const {
  const std::int32_t most = state_.config.max_batch_tokens;
  const auto decoding = static_cast<std::int32_t>(
      std::count_if(state_.running.begin(), state_.running.end(),
                    [](const Sequence* sequence) { return sequence->remaining() == 1; }));
  if (!pace_.limited() || decoding == 0) return most;
  // Every running one gets a row at least.
  const auto least = static_cast<std::int32_t>(state_.running.size());
  return std::min(most, std::max(least, decoding + pace_.prompt_rows()));
}

std::span<const engine::SequenceStep> Scheduler::begin_step(TimePoint now) {
  INVARIANT(steps_.empty(), "one step at a time");
  INVARIANT(deliveries_.empty(), "deliveries are taken before the next step");
  const StepPlan plan = scheduler::plan(state_, budget());
  INVARIANT(plan.empty() == idle(), "every step moves somebody");
  step_began_ = now;
  record_ = {.step = counters_.steps,
             .preempted = static_cast<std::int32_t>(plan.preempted.size())};

  for (const RequestId id : plan.preempted) preempt(id);
  // Shared blocks are leased before any block is allocated, which could evict them.
  for (const Admission& admission : plan.admitted) admit(admission, now);
  for (const Chunk& chunk : plan.chunks) add_to_step(*state_.sequences.at(chunk.id), chunk.rows);
  for (const Admission& admission : plan.admitted) {
    add_to_step(*state_.sequences.at(admission.id), admission.rows);
  }
  for (const Deferral& deferral : plan.deferred) {
    state_.sequences.at(deferral.id)->waits_for = deferral.block;
  }
  return steps_;
}

void Scheduler::preempt(RequestId id) {
  Sequence& sequence = *state_.sequences.at(id);
  release(sequence);
  std::erase(state_.running, &sequence);
  insert_in_order(state_.waiting, &sequence, state_.before);
  sequence.computed = 0;
  ++sequence.preemptions;
  ++counters_.preemptions;
}

void Scheduler::admit(const Admission& admission, TimePoint now) {
  Sequence& sequence = *state_.sequences.at(admission.id);
  for (const BlockId block : admission.shared) sequence.blocks.push_back(state_.pool.share(block));
  sequence.settled_blocks = sequence.blocks.size();
  sequence.computed = sequence.settled_blocks * kBlockTokens;
  sequence.waits_for.reset();
  sequence.claimed_blocks = static_cast<std::int32_t>(sequence.hashes.size());
  for (std::size_t i = admission.shared.size(); i < sequence.hashes.size(); ++i) {
    state_.in_flight.claim(sequence.hashes[i], sequence.id);
  }
  std::erase(state_.waiting, &sequence);
  insert_in_order(state_.running, &sequence, state_.before);
  if (sequence.admitted) return;

  sequence.admitted = now;
  sequence.cached_tokens = sequence.computed;
  if (state_.config.prefix_cache && !sequence.sampling.prompt_logprobs) {
    counters_.prefix_queries += static_cast<std::uint64_t>(sequence.prompt_tokens);
    counters_.prefix_hits += static_cast<std::uint64_t>(sequence.computed);
  }
  delivery_to(sequence).cached_tokens = sequence.computed;
}

void Scheduler::reserve_blocks(Sequence& sequence) {
  while (sequence.blocks.size() < blocks_for(sequence.total())) {
    auto lease = state_.pool.allocate();
    INVARIANT(lease.has_value(), "a plan never uses more blocks than there are");
    sequence.blocks.push_back(std::move(*lease));
  }
}

void Scheduler::add_to_step(Sequence& sequence, std::int32_t rows) {
  reserve_blocks(sequence);
  const std::int32_t end = sequence.computed + rows;
  steps_.push_back({.tokens = sequence.tokens,
                    .prompt_tokens = sequence.prompt_tokens,
                    .first_position = sequence.computed,
                    .rows = rows,
                    .blocks = sequence.blocks.ids(),
                    .sampling = &sequence.sampling,
                    .sample = end == sequence.total() && sequence.max_output > 0});
  in_step_.push_back(&sequence);
  const std::int32_t of_prompt = std::clamp(sequence.prompt_tokens - sequence.computed, 0, rows);
  record_.prefill_tokens += of_prompt;
  record_.decode_tokens += rows - of_prompt;
}

/// Everything a running sequence holds: blocks and claims. Its tokens stay.
void Scheduler::release(Sequence& sequence) {
  for (std::int32_t i = sequence.settled_blocks; i < sequence.claimed_blocks; ++i) {
    state_.in_flight.release(sequence.hashes[static_cast<std::size_t>(i)], sequence.id);
  }
  sequence.settled_blocks = sequence.claimed_blocks = 0;
  sequence.index_blocks = true;
  sequence.blocks.clear();
}

void Scheduler::finish(Sequence& sequence, FinishReason reason, std::string error, TimePoint now) {
  release(sequence);
  Finish end{.reason = reason,
             .error = std::move(error),
             .prompt_tokens = sequence.prompt_tokens,
             .cached_tokens = sequence.cached_tokens.value_or(0),
             .computed_tokens = sequence.computed_tokens,
             .output_tokens = sequence.output_tokens(),
             .preemptions = sequence.preemptions};
  const TimePoint admitted = sequence.admitted.value_or(now);
  const TimePoint first_token = sequence.first_token.value_or(now);
  end.queued = admitted - sequence.submitted;
  end.prefill = first_token - admitted;
  end.decode = now - first_token;
  delivery_to(sequence).finish = std::move(end);
  std::erase(state_.running, &sequence);
  std::erase(state_.waiting, &sequence);
  const RequestId id = sequence.id;
  state_.sequences.erase(id);
}

void Scheduler::extend_hashes(Sequence& sequence) const {
  if (!state_.config.prefix_cache) return;
  const std::size_t full = sequence.tokens.size() / kBlockTokens;
  for (std::size_t i = sequence.hashes.size(); i < full; ++i) {
    const BlockHash parent = i == 0 ? hash_salt(sequence.cache_salt) : sequence.hashes[i - 1];
    const std::span<const engine::TokenId> tokens = sequence.tokens;
    sequence.hashes.push_back(hash_(parent, tokens.subspan(i * kBlockTokens, kBlockTokens)));
  }
}

Delivery& Scheduler::delivery_to(const Sequence& sequence) {
  if (deliveries_.empty() || deliveries_.back().id != sequence.id) {
    Delivery& fresh = deliveries_.emplace_back();
    fresh.id = sequence.id;
    fresh.stream = sequence.stream;
  }
  return deliveries_.back();
}

std::vector<Delivery> Scheduler::take_deliveries() {
  return std::exchange(deliveries_, {});
}

EngineSnapshot Scheduler::snapshot() const {
  EngineSnapshot now = counters_;
  now.running = static_cast<std::int32_t>(state_.running.size());
  now.waiting = static_cast<std::int32_t>(state_.waiting.size());
  now.blocks_in_use = state_.pool.in_use();
  now.blocks_cached = state_.pool.cached();
  return now;
}

}  // namespace quire::scheduler
