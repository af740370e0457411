// The floors that kernels and steps are compared with, measured here and now: read bandwidth from
// memory, on huge and on small pages, and the peak rates of every kind of arithmetic that the CPU
// has (peak_loops.cpp), with one thread and with all.
//   build/release/bin/measure_floors [--threads=N,...] [--json=FILE]
#include <immintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "perf/peak_loops.h"
#include "tools/machine.h"

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::ordered_json;

constexpr int kRepetitions = 31;  // short ones: some escape the neighbours on a shared machine
constexpr std::size_t kBytesPerThread = std::size_t{512} << 20;  // several times any L3
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr int kMostThreads = 1024;

struct Seconds {
  double median;
  double best;
};

/// Seconds for `work(thread)` on every thread at once.
Seconds measure(int threads, const std::function<void(int)>& work) {
  std::array<double, kRepetitions> seconds{};
  for (double& second : seconds) {
    Clock::time_point begin;
    std::barrier start(threads, [&]() noexcept { begin = Clock::now(); });
    std::vector<std::thread> others;
    for (int t = 0; t < threads; ++t) {
      others.emplace_back([&, t] {
        start.arrive_and_wait();
        work(t);
      });
    }
    for (std::thread& other : others) other.join();
    second = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds[kRepetitions / 2], seconds[0]};
}

/// Prints figures and keeps them for the JSON.
class Report {
 public:
  Report()
      : json_{{"machine", quire::tools::machine_name()},
              {"build", quire::tools::build_name()},
              {"repetitions", kRepetitions},
              {"floors", ordered_json::array()}} {
    std::printf("machine: %s\nbuild: %s\n%d repetitions\n", quire::tools::machine_name().c_str(),
                quire::tools::build_name().c_str(), kRepetitions);
  }
  /// `amount` in the base of the unit ("GB/s": bytes).
  void add(const char* name, int threads, double amount, Seconds seconds, const char* unit) {
    const double median = amount / seconds.median * 1e-9;
    const double best = amount / seconds.best * 1e-9;
    std::printf("%-28s %2d threads  median %8.1f  best %8.1f %s\n", name, threads, median, best,
                unit);
    std::fflush(stdout);
    json_["floors"].push_back({{"name", name},
                               {"threads", threads},
                               {"unit", unit},
                               {"median", median},
                               {"best", best}});
  }
  void add_absent(const char* name) {
    std::printf("%-28s not on this CPU\n", name);
    json_["absent"].push_back(name);
  }
  bool write(const std::string& path) const {
    std::ofstream out(path);
    out << json_.dump(1) << '\n';
    out.close();
    return static_cast<bool>(out);
  }

 private:
  ordered_json json_;
};

/// Keeps a result that nobody reads.
void keep(std::uint64_t value) {
  asm volatile("" : : "r"(value));
}

/// Sums 64-bit words with 8 independent streams of vector loads.
__attribute__((target("avx2"))) std::uint64_t read_avx2(const std::byte* from, std::size_t bytes) {
  __m256i sums[8] = {};
  for (std::size_t at = 0; at < bytes; at += 256) {
    for (std::size_t i = 0; i < 8; ++i) {
      const auto* vector = reinterpret_cast<const __m256i*>(from + at + 32 * i);
      sums[i] = _mm256_add_epi64(sums[i], _mm256_load_si256(vector));
    }
  }
  for (int i = 1; i < 8; ++i) sums[0] = _mm256_add_epi64(sums[0], sums[i]);
  return static_cast<std::uint64_t>(_mm256_extract_epi64(sums[0], 0));
}

std::uint64_t read_all(const std::byte* from, std::size_t bytes) {
  if (__builtin_cpu_supports("avx2")) return read_avx2(from, bytes);
  const auto* words = reinterpret_cast<const std::uint64_t*>(from);
  std::uint64_t sums[8] = {};
  for (std::size_t at = 0; at < bytes / 8; at += 8) {
    for (std::size_t i = 0; i < 8; ++i) sums[i] += words[at + i];
  }
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

struct FreeBytes {
  void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
};
using Bytes = std::unique_ptr<std::byte, FreeBytes>;

/// Of this process, in bytes: how much of its memory lies on huge pages.
std::size_t huge_bytes() {
  std::ifstream smaps("/proc/self/smaps_rollup");
  for (std::string line; std::getline(smaps, line);) {
    if (!line.starts_with("AnonHugePages:")) continue;
    return static_cast<std::size_t>(std::strtoull(line.c_str() + 14, nullptr, 10)) * 1024;
  }
  return 0;
}

/// `advice`: MADV_HUGEPAGE, as packed weights and the KV cache ask, or MADV_NOHUGEPAGE.
void measure_bandwidth(Report& report, const char* name, int threads, int advice) {
  std::vector<Bytes> memory;
  for (int t = 0; t < threads; ++t) {
    memory.emplace_back(static_cast<std::byte*>(std::aligned_alloc(kHugePage, kBytesPerThread)));
    if (memory.back() == nullptr) throw std::bad_alloc();
    (void)madvise(memory.back().get(), kBytesPerThread, advice);
    std::fill_n(memory.back().get(), kBytesPerThread, std::byte{1});
  }
  const Seconds seconds = measure(threads, [&](int t) {
    keep(read_all(memory[static_cast<std::size_t>(t)].get(), kBytesPerThread));
  });
  const double total = static_cast<double>(kBytesPerThread) * threads;
  report.add(name, threads, total, seconds, "GB/s");
  if (advice == MADV_HUGEPAGE && static_cast<double>(huge_bytes()) < 0.9 * total) {
    std::printf("  (the system gave huge pages for only %zu of %.0f MiB)\n", huge_bytes() >> 20,
                total / (1 << 20));
  }
}

void measure_all(Report& report, const std::vector<int>& thread_counts) {
  for (const int threads : thread_counts) {
    measure_bandwidth(report, "read bandwidth, huge pages", threads, MADV_HUGEPAGE);
    measure_bandwidth(report, "read bandwidth, small pages", threads, MADV_NOHUGEPAGE);
  }
  for (const quire::perf::PeakLoop& loop : quire::perf::peak_loops()) {
    if (!loop.supported()) {
      report.add_absent(loop.name);
      continue;
    }
    for (const int threads : thread_counts) {
      const Seconds seconds = measure(threads, [&](int) { loop.run(); });
      report.add(loop.name, threads, loop.operations * threads, seconds, "Gop/s");
    }
  }
}

/// "1,2"; nothing if it is no such list.
std::vector<int> parse_threads(const std::string& text) {
  std::vector<int> counts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    char* end = nullptr;
    const long count = std::strtol(part.c_str(), &end, 10);
    if (part.empty() || *end != '\0' || count < 1 || count > kMostThreads) return {};
    counts.push_back(static_cast<int>(count));
  }
  return counts;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "measure_floors: %s\n", why.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const int all = quire::tools::usable_threads();
  std::vector<int> threads = all == 1 ? std::vector<int>{1} : std::vector<int>{1, all};
  std::string json;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--threads=")) {
      threads = parse_threads(argument.substr(10));
      if (threads.empty()) return fail(argument + ": needs numbers of threads with commas");
    } else if (argument.starts_with("--json=") && argument.size() > 7) {
      json = argument.substr(7);
    } else {
      return fail("unknown option " + argument + "; there are --threads=N,... and --json=FILE");
    }
  }
  Report report;
  measure_all(report, threads);
  if (!json.empty() && !report.write(json)) return fail("--json=" + json + ": cannot be written");
  return 0;
}
