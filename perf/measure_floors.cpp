// The floors that the kernels are compared with, measured here and now: read bandwidth from memory,
// and the peak rates of f32 FMA and of int8 dot products (VNNI, or AVX2's multiply-add), with one
// thread and with all. Every figure is the median of the repetitions, then the best.
//   build/release/bin/measure_floors
#include <immintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "tools/machine.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRepetitions = 31;  // short ones: some escape the neighbours on a shared machine
constexpr std::size_t kBytesPerThread = std::size_t{128} << 20;  // several times any L3
constexpr std::int64_t kRounds = 1'000'000;                      // of the peak loops
constexpr int kChains = 12;                                      // hide the latency of 2 units x 4+

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

void report(const char* name, int threads, double amount, Seconds seconds, const char* unit) {
  std::printf("%-18s %2d threads  median %8.1f  best %8.1f %s\n", name, threads,
              amount / seconds.median * 1e-9, amount / seconds.best * 1e-9, unit);
}

/// Keeps a result that nobody reads.
void keep(std::uint64_t value) {
  asm volatile("" : : "r"(value));
}

/// Sums 64-bit words with 8 independent streams of vector loads.
__attribute__((target("avx2"))) std::uint64_t read_all(const std::byte* from, std::size_t bytes) {
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

__attribute__((target("avx512f"))) void fma_avx512() {
  __m512 chains[kChains] = {};
  const __m512 factor = _mm512_set1_ps(0.999F);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm512_fmadd_ps(chains[c], factor, factor);
      asm volatile("" : "+v"(chains[c]));
    }
  }
}

__attribute__((target("avx512f,avx512vnni"))) void dot_avx512() {
  __m512i chains[kChains] = {};
  const __m512i codes = _mm512_set1_epi8(3);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm512_dpbusd_epi32(chains[c], codes, codes);
      asm volatile("" : "+v"(chains[c]));
    }
  }
}

__attribute__((target("avx2,fma"))) void fma_avx2() {
  __m256 chains[kChains] = {};
  const __m256 factor = _mm256_set1_ps(0.999F);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm256_fmadd_ps(chains[c], factor, factor);
      asm volatile("" : "+x"(chains[c]));
    }
  }
}

__attribute__((target("avx2"))) void dot_avx2() {
  __m256i chains[kChains] = {};
  const __m256i codes = _mm256_set1_epi8(3);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm256_add_epi16(chains[c], _mm256_maddubs_epi16(codes, codes));
      asm volatile("" : "+x"(chains[c]));
    }
  }
}

struct FreeBytes {
  void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
};

void measure_bandwidth(int threads) {
  std::vector<std::unique_ptr<std::byte, FreeBytes>> memory;
  for (int t = 0; t < threads; ++t) {
    memory.emplace_back(
        static_cast<std::byte*>(std::aligned_alloc(std::size_t{2} << 20, kBytesPerThread)));
    if (memory.back() == nullptr) throw std::bad_alloc();
    // As the packed weights do: on small pages this loop is half as fast.
    (void)madvise(memory.back().get(), kBytesPerThread, MADV_HUGEPAGE);
    std::fill_n(memory.back().get(), kBytesPerThread, std::byte{1});
  }
  const Seconds seconds = measure(threads, [&](int t) {
    keep(read_all(memory[static_cast<std::size_t>(t)].get(), kBytesPerThread));
  });
  report("read bandwidth", threads, static_cast<double>(kBytesPerThread) * threads, seconds,
         "GB/s");
}

/// operations: multiplications and additions per instruction.
void measure_peak(const char* name, int threads, int operations, void (*loop)()) {
  const Seconds seconds = measure(threads, [&](int) { loop(); });
  report(name, threads, static_cast<double>(kRounds) * kChains * operations * threads, seconds,
         "Gop/s");
}

}  // namespace

int main() {
  std::printf("machine: %s\nbuild: %s\n%d repetitions\n", quire::tools::machine_name().c_str(),
              quire::tools::build_name().c_str(), kRepetitions);
  const int all = quire::tools::usable_threads();
  for (const int threads : {1, all}) {
    if (threads == all && all == 1 && threads != 1) continue;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      measure_bandwidth(threads);
      measure_peak("f32 FMA, AVX2", threads, 2 * 8, fma_avx2);
      measure_peak("int8 dot, AVX2", threads, 2 * 32, dot_avx2);
    }
    if (__builtin_cpu_supports("avx512f")) {
      measure_peak("f32 FMA, AVX-512", threads, 2 * 16, fma_avx512);
    }
    if (__builtin_cpu_supports("avx512vnni")) {
      measure_peak("int8 dot, VNNI", threads, 2 * 64, dot_avx512);
    }
  }
  return 0;
}
