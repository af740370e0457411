#include "tools/local_engine.h"

#include "tools/load_model.h"

namespace quire::tools {
namespace {

scheduler::SchedulerConfig make_scheduler_config(const EngineOptions& options,
                                                 const MemoryPlan& plan,
                                                 const engine::ModelSummary& summary) {
  return {.max_batch_tokens = options.max_num_batched_tokens,
          .target_step = std::chrono::milliseconds(options.target_step_ms),
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
      model_(load_model(options, *backend_, observers.on_load)),
      plan_(plan_memory(model_.summary(), options, memory_limits(*backend_))),
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
