// A model that runs in this process: weights, executor and engine thread, built from EngineOptions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/executor.h"
#include "engine/model.h"
#include "kernels/backend.h"
#include "scheduler/engine_thread.h"
#include "scheduler/step_runner.h"
#include "tools/engine_options.h"
#include "tools/memory_plan.h"

namespace quire::tools {

/// Thread: as its parts; built and destroyed by one thread.
class LocalEngine {
 public:
  struct Observers {
    engine::LoadProgress on_load;                               // null = none
    std::function<void(const scheduler::StepRecord&)> on_step;  // null = none
  };

  /// Loads, plans and starts. Throws LoadError, DeviceError or PlanError.
  explicit LocalEngine(const EngineOptions& options, const Observers& observers = {});

  const engine::Model& model() const noexcept { return model_; }
  scheduler::EngineThread& thread() noexcept { return *thread_; }
  const MemoryPlan& plan() const noexcept { return plan_; }
  const scheduler::SchedulerConfig& scheduler_config() const noexcept { return scheduler_; }
  /// What computes, for people: "cpu avx512, 2 threads".
  std::string device() const { return backend_->describe(); }
  /// Folder name of the model, or the embedded model's.
  const std::string& name() const noexcept { return name_; }
  /// The memory plan as a table.
  std::string describe_memory() const;

 private:
  std::string name_;
  std::unique_ptr<kernels::Backend> backend_;
  engine::Model model_;
  MemoryPlan plan_;
  scheduler::SchedulerConfig scheduler_;
  std::unique_ptr<engine::Executor> executor_;
  std::unique_ptr<scheduler::ExecutorStepRunner> runner_;
  std::unique_ptr<scheduler::EngineThread> thread_;
};

}  // namespace quire::tools
