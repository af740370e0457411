// ThreadCount against a simulated machine; ThreadWaits against threads that share a core.
#include "kernels/cpu/thread_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <latch>
#include <thread>

#include "kernels/cpu/thread_waits.h"

namespace quire::kernels::cpu {
namespace {

using std::chrono::milliseconds;
using Time = ThreadCount::Time;

/// Cores of which some are held by other programs. Our threads take the free ones first; one that
/// shares a core waits for most of the time.
struct Machine {
  std::int32_t cores;
  std::int32_t held = 0;
  double wait = 0.8;  // of one thread that shares a core: its part of the time
  ThreadCount count{cores};
  Time busy{0}, waited{0};

  void step(Time length) {
    busy += length;
    const std::int32_t sharing = std::max(0, count.now() - (cores - held));
    waited += std::chrono::duration_cast<Time>(length * wait) * sharing;
    if (count.due(busy)) count.next(busy, waited);
  }
  /// Steps of 10 ms; returns the share of them that used `threads` threads.
  double run(Time length, std::int32_t threads) {
    int steps = 0, with = 0;
    for (Time done{0}; done < length; done += milliseconds(10), ++steps) {
      with += count.now() == threads;
      step(milliseconds(10));
    }
    return static_cast<double>(with) / steps;
  }
};

TEST(ThreadCount, UsesAllThreadsOnAMachineOfItsOwn) {
  for (const std::int32_t cores : {1, 2, 3, 16}) {
    Machine machine{cores};
    EXPECT_EQ(machine.run(milliseconds(10'000), cores), 1.0) << cores;
  }
}

TEST(ThreadCount, LeavesHeldCoresAlone) {
  for (const std::int32_t cores : {2, 3, 4, 8, 16}) {
    for (std::int32_t held = 1; held <= cores / 2; ++held) {
      Machine machine{cores, held};
      machine.run(milliseconds(60 * held), cores);
      EXPECT_GT(machine.run(milliseconds(60'000), cores - held), 0.9) << cores << ' ' << held;
    }
  }
}

TEST(ThreadCount, SharesACoreWithAProgramOfLowPriority) {
  Machine machine{2, 1, 0.45};
  EXPECT_EQ(machine.run(milliseconds(10'000), 2), 1.0);
}

TEST(ThreadCount, NeverGoesBelowHalf) {
  for (const std::int32_t cores : {1, 2, 3, 16}) {
    Machine machine{cores, cores};
    machine.run(milliseconds(60 * cores), cores);
    EXPECT_GT(machine.run(milliseconds(60'000), (cores + 1) / 2), cores == 1 ? 0.99 : 0.9) << cores;
  }
}

TEST(ThreadCount, ComesBackWhenTheOtherProgramEnds) {
  Machine machine{4, 1};
  machine.run(milliseconds(3'000), 3);
  ASSERT_EQ(machine.count.now(), 3);
  machine.held = 0;
  machine.run(milliseconds(8'000), 4);  // at most the pause that three failed trials led to
  EXPECT_EQ(machine.run(milliseconds(10'000), 4), 1.0);
}

TEST(ThreadCount, TriesLessOftenTheLongerItFails) {
  Machine machine{2, 1};
  machine.run(milliseconds(60'000), 1);
  EXPECT_GT(machine.run(milliseconds(64'000), 1), 0.98);
}

TEST(ThreadCount, LongStepsAreJudgedToo) {
  Machine machine{2, 1};
  machine.step(milliseconds(900));
  EXPECT_EQ(machine.count.now(), 1);
}

TEST(ThreadWaits, CountsThreadsThatShareACore) {
  if (!std::ifstream("/proc/self/schedstat")) GTEST_SKIP() << "this system keeps no schedstat";
  cpu_set_t allowed, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  CPU_ZERO(&one);
  int core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  CPU_SET(core, &one);

  ThreadWaits waits(2);
  std::latch spun(2), read(1);
  const auto spin = [&] {
    sched_setaffinity(0, sizeof one, &one);
    waits.add_this_thread();
    waits.add_this_thread();  // counts once
    const auto end = std::chrono::steady_clock::now() + milliseconds(100);
    while (std::chrono::steady_clock::now() < end) {
    }
    spun.count_down();
    read.wait();
  };
  const auto start = std::chrono::steady_clock::now();
  std::thread first(spin), second(spin);
  spun.wait();
  const Time waited = waits.total();
  EXPECT_GT(waited, Time(0));
  EXPECT_LE(waited, 2 * (std::chrono::steady_clock::now() - start));
  read.count_down();
  first.join();
  second.join();
  EXPECT_GE(waits.total(), waited);
  EXPECT_EQ(waits.total(), waits.total());  // both have ended
}

}  // namespace
}  // namespace quire::kernels::cpu
