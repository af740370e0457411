// linear at the shapes of Llama-3.2-1B: bytes of weights per second, operations per second.
// Decode reads every layer once per step, so each benchmark walks through copies of its matrix that
// together exceed the caches.
//   build/release/bin/bench_ops --threads=2 --benchmark_repetitions=5
//     --benchmark_report_aggregates_only=true [--benchmark_filter=affine4] [--floors=FILE]
// With the floors of measure_floors --json, two columns say which share of them is reached.
// QUIRE_CPU_ISA forces an instruction set.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/devices.h"
#include "perf/bench_arguments.h"
#include "tools/machine.h"

namespace {

namespace qk = quire::kernels;

constexpr std::size_t kWorkingSet = std::size_t{256} << 20;  // 8 times this machine's L3

struct Shape {
  std::int32_t rows;  // N
  std::int32_t cols;  // K
};

struct Format {
  const char* name;
  std::int32_t bits;  // 0: bf16
  std::int32_t group;
};

/// Source bytes of any content: the kernels' time does not depend on it, except that values which
/// are not finite or subnormal are avoided by taking random bf16 of magnitude about 1.
class RandomSource {
 public:
  RandomSource(Shape shape, Format format) : shape_(shape), format_(format) {
    const auto count = static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.cols);
    if (format.bits == 0) {
      halves_ = random_halves(count);
    } else {
      codes_.resize(count * static_cast<std::size_t>(format.bits) / 8);
      std::mt19937_64 random(1);
      for (std::size_t i = 0; i + 8 <= codes_.size(); i += 8) {
        const std::uint64_t bits = random();
        std::memcpy(codes_.data() + i, &bits, sizeof bits);
      }
      halves_ = random_halves(2 * count / static_cast<std::size_t>(format.group));
    }
  }

  qk::WeightSource source() const {
    qk::WeightSource made{.rows = shape_.rows, .cols = shape_.cols, .dense = {}, .affine = {}};
    const auto* halves = reinterpret_cast<const std::byte*>(halves_.data());
    if (format_.bits == 0) {
      made.dense = qk::DenseSource{.dtype = qk::DType::bf16, .elements = halves};
    } else {
      made.affine = qk::AffineSource{.bits = format_.bits,
                                     .group = format_.group,
                                     .scale_dtype = qk::DType::bf16,
                                     .codes = codes_.data(),
                                     .scales = halves,
                                     .biases = halves + halves_.size()};
    }
    return made;
  }

 private:
  static std::vector<std::uint16_t> random_halves(std::size_t count) {
    std::mt19937 random(2);
    std::vector<std::uint16_t> halves(count);
    for (auto& half : halves)
      half = qk::bf16_from_f32(static_cast<float>(random() >> 8) * 0x1p-24F + 0x1p-9F);
    return halves;
  }

  Shape shape_;
  Format format_;
  std::vector<std::byte> codes_;
  std::vector<std::uint16_t> halves_;
};

std::vector<std::unique_ptr<qk::Weight>> copies_of(qk::Backend& backend, Shape shape,
                                                   Format format) {
  const RandomSource random(shape, format);
  std::vector<std::unique_ptr<qk::Weight>> copies;
  for (std::size_t bytes = 0; bytes < kWorkingSet; bytes += copies.back()->bytes()) {
    copies.push_back(backend.prepare_weight(random.source()));
  }
  return copies;
}

void linear(benchmark::State& state, qk::Backend& backend, Shape shape, Format format,
            std::int32_t rows, const std::optional<quire::perf::Floors>& floors) {
  const auto copies = copies_of(backend, shape, format);
  const auto x_floats = static_cast<std::size_t>(rows) * static_cast<std::size_t>(shape.cols);
  const auto x = backend.allocate(x_floats);
  const auto y =
      backend.allocate(static_cast<std::size_t>(rows) * static_cast<std::size_t>(shape.rows));
  std::vector<float> values(x_floats);
  std::mt19937 random(3);
  for (float& value : values) value = static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F;
  backend.upload(*x, 0, values);
  const qk::Matrix in{x.get(), 0, rows, shape.cols, shape.cols};
  const qk::Matrix out{y.get(), 0, rows, shape.rows, shape.rows};
  std::size_t next = 0;
  for (auto _ : state) {
    const qk::LinearTerm term{.weight = copies[next].get(), .bias = nullptr, .out = out};
    backend.linear(in, {&term, 1});
    next = (next + 1) % copies.size();
  }
  const double calls = static_cast<double>(state.iterations());
  const double gigabytes = calls * static_cast<double>(copies.front()->bytes()) * 1e-9;
  const double gigaops =
      calls * 2e-9 * rows * static_cast<double>(shape.rows) * static_cast<double>(shape.cols);
  const auto rate = [&state](const char* name, double amount) {
    state.counters[name] = benchmark::Counter(amount, benchmark::Counter::kIsRate);
  };
  rate("GB/s", gigabytes);
  rate("GFLOP/s", gigaops);
  if (floors) {
    rate("%bandwidth", 100 * gigabytes / floors->bandwidth);
    rate("%peak", 100 * gigaops / floors->peak);
  }
}

/// The least disturbed repetition: on a shared machine the median carries the neighbours' load.
double best(const std::vector<double>& times) {
  return *std::min_element(times.begin(), times.end());
}

void register_all(qk::Backend& backend, const std::optional<quire::perf::Floors>& floors) {
  constexpr Shape kShapes[] = {{2048, 2048}, {8192, 2048}, {2048, 8192}, {128256, 2048}};
  constexpr Format kFormats[] = {{"bf16", 0, 0}, {"affine4_g64", 4, 64}, {"affine8_g64", 8, 64}};
  for (const Format& format : kFormats) {
    for (const Shape& shape : kShapes) {
      for (const std::int32_t rows : {1, 2, 3, 4, 6, 8, 32, 512}) {
        if (shape.rows > 100000 && rows > 32) continue;  // logits are for few rows of a step
        const std::string name = std::string("linear/") + format.name +
                                 "/N:" + std::to_string(shape.rows) +
                                 "/K:" + std::to_string(shape.cols) + "/M:" + std::to_string(rows);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&backend, shape, format, rows,
                                      floors](benchmark::State& state) {
                                       linear(state, backend, shape, format, rows, floors);
                                     })
            ->UseRealTime()
            ->ComputeStatistics("best", best)
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const quire::perf::BenchArguments arguments = quire::perf::take_arguments(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const auto backend = qk::make_cpu_backend({.threads = arguments.threads, .isa = ""});
  benchmark::AddCustomContext("machine", quire::tools::machine_name());
  benchmark::AddCustomContext("backend", backend->describe());
  benchmark::AddCustomContext("build", quire::tools::build_name());
  register_all(*backend, arguments.floors);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_ops: %s\n", error.what());
  return 1;
}
