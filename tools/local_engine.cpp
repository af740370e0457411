#include "tools/local_engine.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <utility>

#include "engine/model_files.h"
#include "kernels/devices.h"
#include "tools/byte_size.h"
#include "tools/embedded_model.h"

namespace quire::tools {
namespace {

std::unique_ptr<kernels::Backend> make_backend(const EngineOptions& options) {
  if (options.device == "reference") return kernels::make_reference_backend();
  return kernels::make_cpu_backend({.threads = options.threads, .isa = ""});
}

std::string model_name(const EngineOptions& options) {
  if (options.model.empty()) return kEmbeddedModelName;
  const auto folder = std::filesystem::weakly_canonical(options.model);
  return folder.filename().string();
}

engine::ModelFiles open_files(const EngineOptions& options) {
  return options.model.empty() ? embedded_model_files()
                               : engine::ModelFiles::from_folder(options.model);
}

/// Weights are repacked into memory of our own: refused before the work when they cannot fit.
void check_weights_fit(const engine::ModelFiles& files, std::size_t available) {
  std::size_t bytes = 0;
  for (const std::string& name : files.names()) {
    if (!name.ends_with(".safetensors")) continue;
    if (const auto file = files.find(name)) bytes += file->size();
  }
  if (bytes > available) {
    throw PlanError(fmt::format("the weights in {} take {} and {} are available", files.origin(),
                                format_byte_size(bytes), format_byte_size(available)));
  }
}

engine::Model load(const EngineOptions& options, kernels::Backend& backend,
                   const engine::LoadProgress& progress) {
  engine::ModelFiles files = open_files(options);
  check_weights_fit(files, available_memory());
  return engine::Model::load(std::move(files), backend, progress);
}

scheduler::SchedulerConfig make_scheduler_config(const EngineOptions& options,
                                                 const MemoryPlan& plan,
                                                 const engine::ModelSummary& summary) {
  return {.max_batch_tokens = options.max_num_batched_tokens,
          .max_sequences = options.max_num_seqs,
          .max_queued = options.max_queued_requests,
          .kv_blocks = plan.kv_blocks,
          .max_model_tokens = plan.max_model_len,
          .vocab_size = summary.vocab_size,
          .prefix_cache = !options.no_prefix_cache,
          .order = options.scheduling_policy == "priority" ? scheduler::OrderPolicy::priority
                                                           : scheduler::OrderPolicy::fcfs};
}

}  // namespace

LocalEngine::LocalEngine(const EngineOptions& options, const Observers& observers)
    : name_(model_name(options)),
      backend_(make_backend(options)),
      model_(load(options, *backend_, observers.on_load)),
      plan_(plan_memory(model_.summary(), options, available_memory())),
      scheduler_(make_scheduler_config(options, plan_, model_.summary())),
      executor_(std::make_unique<engine::Executor>(
          model_, *backend_,
          engine::ExecutorConfig{.max_batch_rows = scheduler_.max_batch_tokens,
                                 .max_sequences = scheduler_.max_sequences,
                                 .kv_blocks = plan_.kv_blocks,
                                 .kv_dtype = plan_.kv_dtype})),
      runner_(std::make_unique<scheduler::ExecutorStepRunner>(*executor_)),
      thread_(std::make_unique<scheduler::EngineThread>(
          *runner_, scheduler_, scheduler::EngineThread::Hooks{.on_step = observers.on_step})) {}

std::string LocalEngine::describe_memory() const {
  return describe(plan_, model_.summary(), executor_->workspace_bytes());
}

}  // namespace quire::tools
