// ThreadCount: how many threads the next step should use beside other programs.
#pragma once

#include <chrono>
#include <cstdint>

namespace quire::kernels::cpu {

/// An op ends when its slowest part does. Where another program holds a core, the thread that shares
/// that core with it makes all others wait; one thread less, and the rest have cores to themselves.
/// So: while threads wait for a core longer than one thread less would cost, they are taken away one
/// by one, down to half of them; now and then all of them are tried again. Thread: engine only.
class ThreadCount {
 public:
  using Time = std::chrono::nanoseconds;

  // All in time spent inside ops.
  static constexpr Time kWindow = std::chrono::milliseconds(50);  // what a decision looks at
  static constexpr Time kFirstRest = std::chrono::seconds(1);     // before all are tried again
  static constexpr Time kLongestRest = std::chrono::seconds(16);  // doubled to this while that fails

  /// most >= 1.
  explicit ThreadCount(std::int32_t most) : most_(most), count_(most), lowered_(most) {}

  /// Whether next() would decide anything, when ops have taken `busy` in all since the start.
  bool due(Time busy) const noexcept { return busy - begun_ >= kWindow; }

  /// Before a step: the threads together have waited `waited` for cores since the start. now() may
  /// change. REQUIRES: due(busy).
  void next(Time busy, Time waited);

  std::int32_t most() const noexcept { return most_; }
  /// Threads to use: 1 to most().
  std::int32_t now() const noexcept { return count_; }

 private:
  void decide(Time busy, bool crowded);

  std::int32_t most_;
  std::int32_t count_;
  std::int32_t lowered_;  // the count before all were tried again
  bool trying_ = false;   // all of them, after a time with fewer
  Time begun_{0}, begun_waited_{0};  // of the window
  Time try_at_{0}, rest_ = kFirstRest;
};

}  // namespace quire::kernels::cpu
