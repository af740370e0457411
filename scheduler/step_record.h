// What the scheduler reports in numbers: one record per step, and a snapshot for gauges and health.
#pragma once

#include <chrono>
#include <cstdint>

namespace quire::scheduler {

/// One step in numbers (never text): flight recorder and metrics.
struct StepRecord {
  std::uint64_t step = 0;
  std::int32_t prefill_tokens = 0;  // rows of prompts
  std::int32_t decode_tokens = 0;   // rows of sampled tokens
  std::int32_t sequences = 0;       // in this step
  std::int32_t running = 0;         // after it
  std::int32_t waiting = 0;
  std::int32_t preempted = 0;      // in this step
  std::int32_t blocks_free = 0;    // free, never or no longer indexed
  std::int32_t blocks_cached = 0;  // free but still indexed
  std::int32_t blocks_in_use = 0;
  bool failed = false;
  std::chrono::nanoseconds duration{0};
};

/// A consistent picture for gauges and health. Counters never decrease.
struct EngineSnapshot {
  std::int32_t running = 0;
  std::int32_t waiting = 0;
  std::int32_t blocks_total = 0;
  std::int32_t blocks_in_use = 0;
  std::int32_t blocks_cached = 0;
  std::uint64_t steps = 0;
  std::uint64_t preemptions = 0;
  std::uint64_t prefix_queries = 0;                 // prompt tokens looked up
  std::uint64_t prefix_hits = 0;                    // of these, found
  std::uint64_t computed_tokens = 0;                // rows run by successful steps
  std::chrono::steady_clock::time_point heartbeat;  // last loop turn of the engine thread
  bool draining = false;
  bool failed = false;
};

}  // namespace quire::scheduler
