// Scheduler: owns the state, carries out plans and commits results. It knows no thread, lock or
// clock: time comes in as a value, so the simulation drives it like the engine thread does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/step.h"
#include "scheduler/config.h"
#include "scheduler/delivery.h"
#include "scheduler/plan.h"
#include "scheduler/request.h"
#include "scheduler/state.h"
#include "scheduler/step_pace.h"
#include "scheduler/step_record.h"
#include "scheduler/token_stream.h"

namespace quire::scheduler {

/// One turn: add / cancel, begin_step, run the step, commit_step or fail_step, take_deliveries.
/// Thread: engine only.
class Scheduler {
 public:
  /// Throws std::invalid_argument naming a limit that is out of range.
  explicit Scheduler(const SchedulerConfig& config, HashBlock hash = hash_block);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Puts the request in the queue. REQUIRES: find_refusal() found nothing; a new id.
  void add(RequestId id, Request request, std::shared_ptr<TokenStream> stream, TimePoint now);
  /// Ends the sequence and frees its blocks; unknown ids are ignored. REQUIRES: no step has begun.
  void cancel(RequestId id, FinishReason reason, TimePoint now);
  /// Ends every sequence; `error` goes with FinishReason::error. Allowed at any time.
  void end_all(FinishReason reason, const std::string& error, TimePoint now);

  bool idle() const noexcept { return state_.sequences.empty(); }

  /// Plans the next step, preempts, admits and reserves blocks. The result is valid until the step
  /// is committed or failed, and empty only if idle(). REQUIRES: take_deliveries() since the last
  /// step.
  std::span<const engine::SequenceStep> begin_step(TimePoint now);
  /// Applies what the step gave. REQUIRES: results.size() == the step's.
  void commit_step(std::span<engine::SequenceResult> results, TimePoint now);
  /// The step has no valid result: its sequences end with `error`, and nothing that it was to
  /// compute is ever used. The others go on.
  void fail_step(const std::string& error, TimePoint now);

  /// What the streams are to be told since the last call, in order.
  std::vector<Delivery> take_deliveries();

  const State& state() const noexcept { return state_; }
  /// The latest committed or failed step.
  const StepRecord& last_step() const noexcept { return record_; }
  /// All but the fields that belong to the engine thread.
  EngineSnapshot snapshot() const;

 private:
  std::int32_t budget() const;
  void preempt(RequestId id);
  void admit(const Admission& admission, TimePoint now);
  void reserve_blocks(Sequence& sequence);
  void add_to_step(Sequence& sequence, std::int32_t rows);
  void release(Sequence& sequence);
  void finish(Sequence& sequence, FinishReason reason, std::string error, TimePoint now);

  void apply(Sequence& sequence, const engine::SequenceStep& step, engine::SequenceResult& result,
             TimePoint now);
  void append(Sequence& sequence, engine::SampledToken token, TimePoint now);
  void keep_prompt_logprobs(Sequence& sequence, const engine::SequenceStep& step,
                            engine::SequenceResult& result);
  void settle_blocks(Sequence& sequence);
  void extend_hashes(Sequence& sequence) const;
  void end_step(TimePoint now, bool failed);
  Delivery& delivery_to(const Sequence& sequence);

  State state_;
  HashBlock hash_;
  std::uint64_t arrivals_ = 0;
  std::vector<engine::SequenceStep> steps_;  // of the step that has begun
  std::vector<Sequence*> in_step_;           // whose they are
  std::vector<Delivery> deliveries_;
  TimePoint step_began_;
  StepRecord record_;
  StepPace pace_;
  EngineSnapshot counters_;
};

}  // namespace quire::scheduler
