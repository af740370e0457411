// EngineThread: the one thread that owns scheduler state and runs steps. Requests come in through a
// bounded command queue; tokens leave through TokenStream.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/result.h"
#include "scheduler/config.h"
#include "scheduler/request.h"
#include "scheduler/step_runner.h"
#include "scheduler/token_stream.h"

namespace quire::scheduler {

/// One step in numbers (never text): flight recorder and metrics.
struct StepRecord {
  std::uint64_t step = 0;
  std::int32_t prefill_tokens = 0;  // rows of prompts
  std::int32_t decode_tokens = 0;   // rows of sampled tokens
  std::int32_t sequences = 0;       // in this step
  std::int32_t running = 0;         // after it
  std::int32_t waiting = 0;
  std::int32_t preempted = 0;       // in this step
  std::int32_t blocks_free = 0;     // free, never or no longer indexed
  std::int32_t blocks_cached = 0;   // free but still indexed
  std::int32_t blocks_in_use = 0;
  bool failed = false;
  std::chrono::nanoseconds duration{0};
};

/// A consistent picture for gauges and health. Counters never decrease.
struct EngineSnapshot {
  std::int32_t running = 0;
  std::int32_t waiting = 0;
  std::int32_t blocks_total = 0;
  std::int32_t blocks_in_use = 0;
  std::int32_t blocks_cached = 0;
  std::uint64_t steps = 0;
  std::uint64_t preemptions = 0;
  std::uint64_t prefix_queries = 0;   // prompt tokens looked up
  std::uint64_t prefix_hits = 0;      // of these, found
  std::uint64_t computed_tokens = 0;  // rows run by successful steps
  std::chrono::steady_clock::time_point heartbeat;  // last loop turn of the engine thread
  bool draining = false;
  bool failed = false;
};

/// Thread: any, unless stated otherwise.
class EngineThread {
 public:
  struct Hooks {
    /// After every step, on the engine thread; must be quick. Null = none.
    std::function<void(const StepRecord&)> on_step;
  };

  /// Starts the thread. The runner must outlive this object.
  EngineThread(StepRunner& runner, const SchedulerConfig& config, Hooks hooks);
  /// Cancels what still runs (their streams get on_finish), then joins.
  ~EngineThread();

  /// Accepted requests get every callback of TokenStream exactly as documented there.
  engine::Result<RequestId, Refusal> submit(Request request, std::shared_ptr<TokenStream> stream);
  /// Several at once, all or none: the choices of one API request.
  engine::Result<std::vector<RequestId>, Refusal> submit_all(
      std::vector<std::pair<Request, std::shared_ptr<TokenStream>>> requests);
  /// The sequence frees its blocks within one step and finishes with `reason` (cancelled, or stop when
  /// the receiver found a stop string). Unknown or ended ids are ignored. Never blocks on a full queue.
  void cancel(RequestId id, FinishReason reason = FinishReason::cancelled);

  EngineSnapshot snapshot() const;
  /// Refuses new requests from now on; `running + waiting == 0` in snapshot() tells the end.
  void start_draining();
  /// Finishes everything that still runs or waits with `cancelled`.
  void cancel_all();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::scheduler
