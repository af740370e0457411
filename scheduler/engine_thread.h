// EngineThread: the one thread that owns scheduler state and runs steps. Requests come in through a
// bounded command queue; tokens leave through TokenStream.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/result.h"
#include "scheduler/config.h"
#include "scheduler/request.h"
#include "scheduler/step_record.h"
#include "scheduler/step_runner.h"
#include "scheduler/token_stream.h"

namespace quire::scheduler {

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
  /// The sequence frees its blocks within one step and finishes with `reason` (cancelled, or stop
  /// when the receiver found a stop string). Unknown or ended ids are ignored. Never blocks on a
  /// full queue.
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
