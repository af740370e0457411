// Whole model steps without server and scheduler: one model on one executor, the same step again
// and again. The KV cache is filled with random K and V instead of computed prompts, so that long
// contexts cost no prefill.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/model.h"
#include "kernels/backend.h"
#include "tools/bench/step_case.h"
#include "tools/bench/timed_backend.h"
#include "tools/engine_options.h"
#include "tools/memory_plan.h"

namespace quire::tools::bench {

/// What one case took. Times are those of one pass over the case's tokens.
struct StepFigures {
  StepCase step;
  std::int32_t passes = 1;          // in each run
  std::vector<double> seconds;      // of each run, by the clock
  std::vector<double> cpu_seconds;  // of each run, of all threads
  StepWork work{};                  // counts of one pass; times only with a profile
  /// Of one pass, by the device's own clock; empty on the CPU and without a profile.
  std::vector<kernels::KernelTime> kernels;
};

struct StepBenchOptions {
  std::int32_t max_batch_tokens = 512;  // rows of a step: longer prompts come in chunks
  std::int32_t runs = 5;
  float temperature = 0;
  bool profile = false;
};

/// Called before the first run and after every one.
using RunProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Thread: caller synchronises.
class StepBench {
 public:
  /// Loads the model, plans memory for all cases and takes it. Throws LoadError, DeviceError or
  /// PlanError (a case too long for the model, too little memory).
  StepBench(const EngineOptions& engine, const StepBenchOptions& options,
            const std::vector<StepCase>& cases, const engine::LoadProgress& progress);

  /// Every run goes once round all cases, so that a disturbance does not fall on one of them.
  /// Throws BenchError when the model's logits are not finite.
  std::vector<StepFigures> run(const RunProgress& progress);

  const engine::Model& model() const noexcept { return model_; }
  const MemoryPlan& plan() const noexcept { return plan_; }
  /// Optional cases that are too long for the model.
  const std::vector<StepCase>& left_out() const noexcept { return left_out_; }
  std::string device() const { return backend_->describe(); }
  std::size_t workspace_bytes() const noexcept { return executor_.workspace_bytes(); }

 private:
  std::vector<StepCase> fitting(const std::vector<StepCase>& cases);
  MemoryPlan plan_memory_for_cases(const EngineOptions& engine) const;
  engine::ExecutorConfig executor_config() const;
  void fill_cache();
  void pass(const StepCase& step);
  void run_steps(std::vector<engine::SequenceStep>& steps);
  StepFigures warm_up(const StepCase& step);
  void time_run(StepFigures& figures);
  StepWork profile_run(const StepFigures& figures);
  void time_kernels(StepFigures& figures);

  StepBenchOptions options_;
  std::unique_ptr<kernels::Backend> backend_;
  TimedBackend timed_;
  engine::Model model_;
  std::vector<StepCase> left_out_;
  std::vector<StepCase> cases_;
  MemoryPlan plan_;
  engine::Executor executor_;
  engine::SamplingParams sampling_;
  std::vector<engine::TokenId> tokens_;  // of every sequence: as many as the longest case has
  std::vector<engine::BlockId> blocks_;  // all blocks in random order, as a busy pool hands out
  std::vector<engine::SequenceResult> results_;
};

}  // namespace quire::tools::bench
