#include "kernels/cpu/thread_count.h"

#include <algorithm>

namespace quire::kernels::cpu {
namespace {

// One of n threads less costs 1 / n of the speed. Of two threads, where that is half, one is as fast
// when they wait for 0.7 of the time together; a program of equal priority makes them wait for 0.75
// to 0.95 of it, one at nice 19 for 0.25 to 0.45 (measured: kernels/README.md, Decisions).
constexpr double kWorthOneThread = 1.4;
constexpr double kLeastShare = 0.1;  // less is what a system does beside

}  // namespace

void ThreadCount::next(Time busy, Time waited) {
  const double share = static_cast<double>((waited - begun_waited_).count()) /
                       static_cast<double>((busy - begun_).count());
  decide(busy, share >= std::max(kLeastShare, kWorthOneThread / count_));
  begun_ = busy;
  begun_waited_ = waited;
}

void ThreadCount::decide(Time busy, bool crowded) {
  if (crowded && trying_) {
    count_ = lowered_;
    rest_ = std::min(rest_ * 2, kLongestRest);
    try_at_ = busy + rest_;
  } else if (crowded && count_ > (most_ + 1) / 2) {
    --count_;
    try_at_ = busy + rest_;
  } else if (trying_) {
    rest_ = kFirstRest;
  }
  trying_ = false;
  if (count_ < most_ && busy >= try_at_) {
    lowered_ = count_;
    count_ = most_;
    trying_ = true;
  }
}

}  // namespace quire::kernels::cpu
