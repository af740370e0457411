// How the memory is divided before anything starts: weights, KV cache, activations. A plan that
// does not fit is refused with the figures and the options that would make it fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/model.h"
#include "kernels/dtype.h"
#include "tools/engine_options.h"

namespace quire::tools {

/// The plan cannot be: names the option or the shortage and the remedy.
class PlanError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Share of the available memory that the KV cache takes at most. Of the host's, the rest stays for
/// activations, requests and the machine's other work; of a device's own, for activations.
inline constexpr double kHostKvShare = 0.4;
inline constexpr double kOwnKvShare = 0.85;

/// What the device has room for.
struct MemoryLimits {
  std::size_t available = 0;
  std::size_t largest = std::numeric_limits<std::size_t>::max();  // of one layer of the KV cache
  double kv_share = kHostKvShare;
};

struct MemoryPlan {
  std::int32_t max_model_len = 0;  // tokens of one request
  std::int32_t kv_blocks = 0;
  kernels::DType kv_dtype = kernels::DType::bf16;
  std::size_t kv_block_bytes = 0;
  std::size_t kv_bytes = 0;
  std::size_t available = 0;  // before the KV cache, after the weights

  /// Requests of full length that the KV cache holds at once.
  double full_contexts() const noexcept;
};

/// Bytes that this process may still take: MemAvailable of /proc/meminfo, less when a cgroup (v2 or
/// v1) allows less. `root` stands for "/" in tests. Throws PlanError when /proc/meminfo cannot be
/// read.
std::size_t available_memory(const std::filesystem::path& root = "/");

/// What --kv-cache-dtype means for this model.
kernels::DType chosen_kv_dtype(const engine::ModelSummary& summary, const EngineOptions& options);

/// REQUIRES: the options passed the command line's checks. Throws PlanError.
MemoryPlan plan_memory(const engine::ModelSummary& summary, const EngineOptions& options,
                       const MemoryLimits& limits);

/// A table for people, one line per use, without the last newline.
std::string describe(const MemoryPlan& plan, const engine::ModelSummary& summary,
                     std::size_t workspace_bytes);

}  // namespace quire::tools
