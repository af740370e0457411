#include "kernels/cpu/thread_waits.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>

namespace quire::kernels::cpu {
namespace {

std::atomic<std::uint64_t> made{0};
thread_local std::uint64_t counted_by = 0;  // number of the latest object that counts this thread

/// Nanoseconds, or a negative number where the file cannot be read: its thread has ended.
std::int64_t waited(int file) {
  std::array<char, 96> text;
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  if (size <= 0) return -1;
  const char* end = text.data() + size;
  std::int64_t ran = 0, waits = -1;
  const auto first = std::from_chars(text.data(), end, ran);
  if (first.ptr != end) std::from_chars(first.ptr + 1, end, waits);
  return waits;
}

}  // namespace

ThreadWaits::ThreadWaits(std::int32_t threads) : number_(++made) {
  threads_.reserve(static_cast<std::size_t>(threads));
}

ThreadWaits::~ThreadWaits() {
  for (const Thread& thread : threads_) {
    if (thread.file >= 0) close(thread.file);
  }
}

void ThreadWaits::add_this_thread() {
  if (counted_by == number_) return;
  counted_by = number_;
  std::array<char, 64> path;  // a string would allocate, perhaps in the middle of a step
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/schedstat", gettid());
  const int file = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  const std::lock_guard lock(mutex_);
  threads_.push_back({file, waited(file)});
}

std::chrono::nanoseconds ThreadWaits::total() {
  const std::lock_guard lock(mutex_);
  for (Thread& thread : threads_) {
    if (thread.file < 0) continue;
    const std::int64_t now = waited(thread.file);
    if (now < 0) {
      close(thread.file);
      thread.file = -1;
      continue;
    }
    total_ += now - thread.last;
    thread.last = now;
  }
  return std::chrono::nanoseconds(total_);
}

}  // namespace quire::kernels::cpu
