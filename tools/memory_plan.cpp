#include "tools/memory_plan.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

#include "engine/executor.h"
#include "kernels/kv_cache.h"
#include "tools/byte_size.h"

namespace quire::tools {
namespace {

constexpr std::int32_t kFewestBlocks = 1;

std::optional<std::size_t> number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::size_t value = 0;
  if (in >> value) return value;
  return std::nullopt;  // absent, or "max"
}

std::size_t left(std::size_t limit, std::size_t used) {
  return limit > used ? limit - used : 0;
}

std::int32_t blocks_for(std::int32_t tokens) {
  return (tokens + kernels::kBlockTokens - 1) / kernels::kBlockTokens;
}

std::int32_t chosen_length(const engine::ModelSummary& summary, const EngineOptions& options) {
  if (options.max_model_len == 0) return summary.max_positions;
  if (options.max_model_len < 2) throw PlanError("--max-model-len must be at least 2");
  if (options.max_model_len > summary.max_positions) {
    throw PlanError(fmt::format("--max-model-len {}: the model was made for {} tokens",
                                options.max_model_len, summary.max_positions));
  }
  return options.max_model_len;
}

/// Blocks whose K and V of one layer fit in one allocation.
std::size_t allocated_blocks(const MemoryPlan& plan, const engine::ModelSummary& summary,
                             const MemoryLimits& limits) {
  return limits.largest / (plan.kv_block_bytes / static_cast<std::size_t>(summary.layers));
}

std::int32_t chosen_blocks(const MemoryPlan& plan, const engine::ModelSummary& summary,
                           const EngineOptions& options, const MemoryLimits& limits) {
  if (options.num_kv_blocks > 0) return options.num_kv_blocks;
  const auto context = static_cast<std::size_t>(blocks_for(plan.max_model_len));
  std::size_t blocks = 0;
  if (!options.kv_cache_memory.empty()) {
    blocks = parse_byte_size(options.kv_cache_memory).value_or(0) / plan.kv_block_bytes;
    if (blocks < static_cast<std::size_t>(kFewestBlocks)) {
      throw PlanError(fmt::format("--kv-cache-memory {}: one block of {} tokens takes {}",
                                  options.kv_cache_memory, kernels::kBlockTokens,
                                  format_byte_size(plan.kv_block_bytes)));
    }
  } else {
    const auto share =
        static_cast<std::size_t>(limits.kv_share * static_cast<double>(plan.available));
    const std::size_t wanted = context * static_cast<std::size_t>(options.max_num_seqs);
    blocks = std::max(context, std::min({wanted, share / plan.kv_block_bytes,
                                         allocated_blocks(plan, summary, limits)}));
  }
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(std::min(blocks, kMost));
}

}  // namespace

kernels::DType chosen_kv_dtype(const engine::ModelSummary& summary, const EngineOptions& options) {
  if (options.kv_cache_dtype == "f32") return kernels::DType::f32;
  if (options.kv_cache_dtype == "bf16") return kernels::DType::bf16;
  if (options.kv_cache_dtype == "int8") return kernels::DType::int8;
  return summary.dtype == kernels::DType::f32 ? kernels::DType::f32 : kernels::DType::bf16;
}

double MemoryPlan::full_contexts() const noexcept {
  return static_cast<double>(kv_blocks) / static_cast<double>(blocks_for(max_model_len));
}

std::size_t available_memory(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::string key;
  std::string unit;
  std::size_t value = 0;
  std::optional<std::size_t> available;
  while (!available && in >> key >> value) {
    std::getline(in, unit);
    if (key == "MemAvailable:") available = value * 1024;
  }
  if (!available) throw PlanError("cannot read MemAvailable of /proc/meminfo");
  const std::filesystem::path group = root / "sys/fs/cgroup";
  if (const auto limit = number_in(group / "memory.max")) {
    available = std::min(*available, left(*limit, number_in(group / "memory.current").value_or(0)));
  }
  if (const auto limit = number_in(group / "memory/memory.limit_in_bytes")) {
    const std::size_t used = number_in(group / "memory/memory.usage_in_bytes").value_or(0);
    available = std::min(*available, left(*limit, used));
  }
  return *available;
}

MemoryPlan plan_memory(const engine::ModelSummary& summary, const EngineOptions& options,
                       const MemoryLimits& limits) {
  MemoryPlan plan;
  plan.available = limits.available;
  plan.max_model_len = chosen_length(summary, options);
  plan.kv_dtype = chosen_kv_dtype(summary, options);
  plan.kv_block_bytes = engine::Executor::kv_block_bytes(summary, plan.kv_dtype);
  plan.kv_blocks = chosen_blocks(plan, summary, options, limits);
  plan.kv_bytes = static_cast<std::size_t>(plan.kv_blocks) * plan.kv_block_bytes;
  if (plan.kv_bytes > plan.available) {
    throw PlanError(fmt::format(
        "the KV cache needs {} ({} blocks) and {} are available; remedy: a smaller --max-model-len "
        "(now {}) or --kv-cache-memory, or --kv-cache-dtype int8",
        format_byte_size(plan.kv_bytes), plan.kv_blocks, format_byte_size(plan.available),
        plan.max_model_len));
  }
  if (static_cast<std::size_t>(plan.kv_blocks) > allocated_blocks(plan, summary, limits)) {
    throw PlanError(fmt::format(
        "a layer of the KV cache needs {} ({} blocks) and the device allocates at most {} at once; "
        "remedy: a smaller --max-model-len (now {}) or --kv-cache-memory, or --kv-cache-dtype int8",
        format_byte_size(plan.kv_bytes / static_cast<std::size_t>(summary.layers)), plan.kv_blocks,
        format_byte_size(limits.largest), plan.max_model_len));
  }
  return plan;
}

std::string describe(const MemoryPlan& plan, const engine::ModelSummary& summary,
                     std::size_t workspace_bytes) {
  const std::string weights = summary.quantization.empty()
                                  ? std::string(kernels::name_of(summary.dtype))
                                  : summary.quantization;
  std::string table = "memory plan\n";
  const auto row = [&table](const char* name, std::size_t bytes, const std::string& note) {
    table += fmt::format("  {:<12} {:>12}   {}\n", name, format_byte_size(bytes), note);
  };
  row("weights", summary.weight_bytes,
      fmt::format("{:.1f} M parameters, {}", static_cast<double>(summary.parameters) / 1e6,
                  weights));
  row("KV cache", plan.kv_bytes,
      fmt::format("{} blocks of {} tokens, {}", plan.kv_blocks, kernels::kBlockTokens,
                  kernels::name_of(plan.kv_dtype)));
  row("workspace", workspace_bytes, "activations of one step");
  row("available", plan.available, "after the weights, before the KV cache");
  table += fmt::format("  room for {:.1f} full contexts of {} tokens", plan.full_contexts(),
                       plan.max_model_len);
  return table;
}

}  // namespace quire::tools
