// The scheduler's limits. Every queue and budget is named here.
#pragma once

#include <chrono>
#include <cstdint>

namespace quire::scheduler {

enum class OrderPolicy : std::uint8_t { fcfs, priority };

struct SchedulerConfig {
  std::int32_t max_batch_tokens = 512;  // rows of one step: prefill chunks and decode together
  // What a step should take at most while answers are being written: prompts come in smaller chunks
  // then. 0 = max_batch_tokens alone counts.
  std::chrono::milliseconds target_step{0};
  std::int32_t max_sequences = 256;     // running at once
  std::int32_t max_queued = 1024;       // waiting beyond those; more are refused with 429
  std::int32_t kv_blocks = 0;           // >= 1
  std::int32_t max_model_tokens = 0;    // prompt + output of one request, >= 2
  std::int32_t vocab_size = 0;          // prompt ids lie below; 0 = not checked here
  bool prefix_cache = true;
  OrderPolicy order = OrderPolicy::fcfs;
};

}  // namespace quire::scheduler
