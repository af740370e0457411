// StepRunner: what the scheduler sees of the engine. The simulation puts a fake here.
#pragma once

#include <span>
#include <stdexcept>

#include "engine/executor.h"
#include "engine/step.h"

namespace quire::scheduler {

/// The step failed as a whole: none of its results is valid, but the runner can go on. Any other
/// exception means that it cannot: the engine thread then ends every request and takes no more.
class StepFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thread: engine only.
class StepRunner {
 public:
  StepRunner() = default;
  StepRunner(const StepRunner&) = delete;
  StepRunner& operator=(const StepRunner&) = delete;
  virtual ~StepRunner() = default;

  /// Runs one step; results.size() == steps.size(). Throws StepFailed.
  virtual void run(std::span<const engine::SequenceStep> steps,
                   std::span<engine::SequenceResult> results) = 0;
};

/// The real one: engine::Executor, with device errors converted to StepFailed; DeviceLost passes.
class ExecutorStepRunner final : public StepRunner {
 public:
  explicit ExecutorStepRunner(engine::Executor& executor) : executor_(executor) {}
  void run(std::span<const engine::SequenceStep> steps,
           std::span<engine::SequenceResult> results) override;

 private:
  engine::Executor& executor_;
};

}  // namespace quire::scheduler
