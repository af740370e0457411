// Arguments that the kernel benchmarks take besides Google Benchmark's, and the floors they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace quire::perf {

/// What measure_floors found for a number of threads.
struct Floors {
  double bandwidth = 0;  // GB/s, read on huge pages
  double peak = 0;       // Gop/s, of the fastest arithmetic there is
};

struct BenchArguments {
  std::int32_t threads = 0;      // --threads=N; 0 = every core
  std::optional<Floors> floors;  // --floors=FILE (measure_floors --json), for that many threads
};

/// Takes --threads=N and --floors=FILE out of the arguments. Throws std::runtime_error naming what
/// is wrong: a number, the file, or a file without figures for that many threads.
BenchArguments take_arguments(int& argc, char** argv);

}  // namespace quire::perf
