// StepPace: how many prompt rows a step may take on, so that answers being written do not stall.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "scheduler/step_record.h"

namespace quire::scheduler {

/// Learns from the steps that were what a prompt row costs and what decoding costs by itself.
/// Thread: engine only.
class StepPace {
 public:
  /// Rows of a block: fewer at a time are not worth reading the weights for.
  static constexpr std::int32_t kLeastRows = 16;
  /// Before any prompt has been measured.
  static constexpr std::int32_t kFirstRows = 128;

  /// What a step should take at most; 0 = no limit.
  explicit StepPace(std::chrono::nanoseconds target) : target_(target) {}

  void record(const StepRecord& step) {
    if (step.failed) return;
    const auto nanoseconds = static_cast<double>(step.duration.count());
    if (step.prefill_tokens == 0) {
      decode_ = decode_ == 0 ? nanoseconds : decode_ + (nanoseconds - decode_) * kNewShare;
      return;
    }
    const double beside = step.decode_tokens > 0 ? std::min(decode_, nanoseconds / 2) : 0;
    time_ = time_ * (1 - kNewShare) + (nanoseconds - beside);
    rows_ = rows_ * (1 - kNewShare) + step.prefill_tokens;
  }

  bool limited() const noexcept { return target_.count() > 0; }

  /// Prompt rows for the next step, beside the decoding of others. At least a quarter of the target
  /// is theirs, however long decoding takes. REQUIRES: limited().
  std::int32_t prompt_rows() const {
    if (time_ <= 0) return kFirstRows;
    const auto target = static_cast<double>(target_.count());
    const double left = std::max(target - decode_, target / 4);
    const double rows = std::min(left * rows_ / time_, 1e9);
    return std::max(kLeastRows, static_cast<std::int32_t>(rows));
  }

 private:
  static constexpr double kNewShare = 0.3;  // of the latest step in what is believed

  std::chrono::nanoseconds target_;
  double decode_ = 0;             // nanoseconds of a step without prompts
  double time_ = 0, rows_ = 0.0;  // of prompts, older ones fading
};

}  // namespace quire::scheduler
