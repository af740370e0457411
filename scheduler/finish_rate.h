// FinishRate: how fast requests have been ending lately, for an honest Retry-After.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>

#include "scheduler/sequence.h"

namespace quire::scheduler {

/// Thread: caller synchronises.
class FinishRate {
 public:
  void began(TimePoint now) {
    if (!busy_since_) busy_since_ = now;
  }
  void ended(TimePoint now) {
    times_[count_ % times_.size()] = now;
    ++count_;
  }
  /// Nothing is left: the pause until the next request says nothing about the rate.
  void idle() {
    busy_since_.reset();
    count_ = 0;
  }

  /// Time until `requests` more will have ended at the present rate, in whole seconds, within
  /// [1, kLongest]. If none has ended yet, they take at least as long again as they have taken.
  std::chrono::seconds retry_after(std::size_t requests, TimePoint now) const {
    if (!busy_since_) return std::chrono::seconds(1);
    // The window opens with the oldest end on record, or, when all are on record, with the work.
    const bool overwritten = count_ > times_.size();
    const TimePoint opened = overwritten ? times_[count_ % times_.size()] : *busy_since_;
    const std::size_t ends = overwritten ? times_.size() - 1 : std::max<std::size_t>(count_, 1);
    const double window = std::chrono::duration<double>(now - opened).count();
    const double each = window / static_cast<double>(ends);
    const double wait = std::ceil(each * static_cast<double>(requests));
    return std::chrono::seconds(
        static_cast<long>(std::clamp(wait, 1.0, static_cast<double>(kLongest.count()))));
  }

  static constexpr std::chrono::seconds kLongest{60};

 private:
  std::array<TimePoint, 64> times_{};  // the latest ends, as a ring
  std::size_t count_ = 0;
  std::optional<TimePoint> busy_since_;
};

}  // namespace quire::scheduler
