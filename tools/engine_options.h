// The options with which serve, generate, chat and bench step run a model, and their place on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace quire::tools {

struct EngineOptions {
  std::string model = "";          // folder; "" = the embedded model
  std::string device = "cpu";      // cpu, reference, opencl, opencl:N
  std::int32_t threads = 0;        // 0 = every core this process may run on
  std::int32_t max_model_len = 0;  // tokens of one request; 0 = what the model was made for
  std::int32_t max_num_batched_tokens = 512;
  std::int32_t target_step_ms = 200;
  std::int32_t max_num_seqs = 128;
  std::int32_t max_queued_requests = 1024;
  std::string kv_cache_dtype = "auto";  // auto, f32, bf16, int8
  std::string kv_cache_memory = "";     // "2GiB"; "" = computed
  std::int32_t num_kv_blocks = 0;       // 0 = as many as kv_cache_memory holds
  bool no_prefix_cache = false;
  std::string scheduling_policy = "fcfs";  // fcfs, priority
};

/// N of "opencl:N", 0 of "opencl", nothing of anything else.
std::optional<std::int32_t> opencl_index(const std::string& device);

/// MODEL, device, threads and the KV cache's element type.
void add_device_options(CLI::App& command, EngineOptions& options);
/// Those, and what every way of answering requests needs: context, size of the KV cache.
void add_model_options(CLI::App& command, EngineOptions& options);
/// What matters only with many clients: queue, sequences, policy.
void add_batch_options(CLI::App& command, EngineOptions& options);

}  // namespace quire::tools
