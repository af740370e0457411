// StepTally: how many tokens each engine step computed, for /metrics. The one thing the server must
// be told while the engine thread is built: pass record() as EngineThread::Hooks::on_step.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "scheduler/engine_thread.h"

namespace quire::server {

/// Thread: any (record: engine only).
class StepTally {
 public:
  /// Upper bounds of the buckets of vllm:iteration_tokens_total; one more counts what is above.
  static constexpr std::array<std::int32_t, 13> kBounds{1,   8,    16,   32,   64,   128,  256,
                                                        512, 1024, 2048, 4096, 8192, 16384};

  /// Failed steps computed nothing and are not counted.
  void record(const scheduler::StepRecord& step) noexcept;

  struct Counts {
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};  // not cumulative
    std::uint64_t steps = 0;
    std::uint64_t tokens = 0;
  };
  Counts counts() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> tokens_{0};
};

}  // namespace quire::server
