// The threads that each op divides its items over, statically: part p of P gets the same items every
// time, whichever thread happens to run it. P may be less from one step to the next, where other
// programs hold cores; the division never decides a bit.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "kernels/cpu/thread_count.h"

namespace quire::kernels::cpu {

/// Cores that this process may run on (its affinity mask counts).
std::int32_t usable_cores();

/// One TBB arena. Thread: engine only (run blocks until every part has returned).
class Workers {
 public:
  /// threads >= 1, the caller of run included.
  explicit Workers(std::int32_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Parts of an op in this step.
  std::int32_t threads() const noexcept { return count_.now(); }
  /// What the constructor was given.
  std::int32_t most_threads() const noexcept { return count_.most(); }

  /// Between steps: chooses threads() for the next one (thread_count.h).
  void begin_step();

  /// Splits items [0, count) into threads() even parts and calls kernel(begin, end) for every part
  /// that is not empty. Runs on the caller alone where there is one part's worth of work or less:
  /// `grain` is the least number of items worth a thread. The kernel must not throw.
  template <class Kernel>
  void split(std::int64_t count, std::int64_t grain, const Kernel& kernel) {
    const std::int64_t worth = grain > 1 ? (count + grain - 1) / grain : count;
    const std::int64_t parts = worth < threads() ? worth : threads();
    for_parts(static_cast<std::int32_t>(parts), [&](std::int64_t part) {
      const std::int64_t begin = count * part / parts;
      const std::int64_t end = count * (part + 1) / parts;
      if (begin < end) kernel(begin, end);
    });
  }

  /// Calls kernel(part) once for each part in [0, parts), in parallel where parts > 1.
  template <class Kernel>
  void for_parts(std::int32_t parts, const Kernel& kernel) {
    const auto begun = std::chrono::steady_clock::now();
    if (parts <= 1) {
      if (parts == 1) kernel(0);
    } else {
      // What the caller wrote is visible to every part, and what the parts wrote to the caller
      // afterwards: TBB guarantees both, these two edges say so to the memory model's checkers.
      begun_.fetch_add(1, std::memory_order_release);
      run(parts, &Workers::call<Kernel>, &kernel);
      (void)ended_.load(std::memory_order_acquire);
    }
    busy_ += std::chrono::steady_clock::now() - begun;
  }

 private:
  using Call = void (*)(Workers& workers, const void* kernel, std::int32_t part);

  template <class Kernel>
  static void call(Workers& workers, const void* kernel, std::int32_t part) {
    (void)workers.begun_.load(
        std::memory_order_acquire);  // before anything of the caller's is read
    (*static_cast<const Kernel*>(kernel))(part);
    workers.ended_.fetch_add(1, std::memory_order_release);
  }

  void run(std::int32_t parts, Call function, const void* kernel);

  struct Arena;
  ThreadCount count_;
  std::chrono::nanoseconds busy_{0};  // inside for_parts
  std::unique_ptr<Arena> arena_;
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> ended_{0};
};

}  // namespace quire::kernels::cpu
