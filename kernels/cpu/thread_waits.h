// ThreadWaits: how long threads were ready to run and did not get a core.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace quire::kernels::cpu {

/// Reads Linux's /proc/self/task/<tid>/schedstat (second number: nanoseconds on a run queue). Where
/// the kernel keeps no such account, the waits are 0.
class ThreadWaits {
 public:
  /// Allocates for so many threads; more may come.
  explicit ThreadWaits(std::int32_t threads);
  ~ThreadWaits();
  ThreadWaits(const ThreadWaits&) = delete;
  ThreadWaits& operator=(const ThreadWaits&) = delete;

  /// From now on the calling thread counts; once is enough, more calls cost nothing. Any thread.
  void add_this_thread();

  /// What all the threads together have waited since they were added. Thread: one at a time.
  std::chrono::nanoseconds total();

 private:
  struct Thread {
    int file;           // -1: ended
    std::int64_t last;  // what the file said when it was read last
  };

  const std::uint64_t number_;  // tells the objects of a process apart, also those of one address
  std::mutex mutex_;
  std::vector<Thread> threads_;
  std::int64_t total_ = 0;
};

}  // namespace quire::kernels::cpu
