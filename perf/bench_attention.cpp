// Attention and rope_store over a paged cache: bytes of K and V per second, operations per second.
// A step reads every layer's cache once, so each benchmark walks through as many layers as exceed
// the processor's caches. Rates are per second of CPU time, that is per busy thread: compare them
// with the one-thread floors of measure_floors.
//   build/release/bin/bench_attention --threads=1 --benchmark_repetitions=5
//     --benchmark_report_aggregates_only=true [--benchmark_filter=decode.*bf16] ; QUIRE_CPU_ISA=...
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/devices.h"
#include "tools/machine.h"

namespace {

namespace qk = quire::kernels;

constexpr std::size_t kWorkingSet = std::size_t{192} << 20;  // several times any L3
constexpr std::int32_t kFillRows = 512;

struct Heads {
  const char* name;
  std::int32_t heads;
  std::int32_t kv_heads;
  std::int32_t head_dim;
};

/// `sequences` sequences, each with `rows` rows that end a context of `context` tokens.
struct Load {
  std::int32_t sequences;
  std::int32_t rows;
  std::int32_t context;
};

/// A cache full of random keys and values, and the batch that reads it.
class Bench {
 public:
  Bench(qk::Backend& backend, const Heads& heads, qk::DType dtype, const Load& load)
      : backend_(backend), heads_(heads), load_(load) {
    const std::int32_t blocks = (load.context + qk::kBlockTokens - 1) / qk::kBlockTokens;
    qk::KvCacheShape shape{.layers = 1,
                           .blocks = blocks * load.sequences,
                           .kv_heads = heads.kv_heads,
                           .head_dim = heads.head_dim,
                           .dtype = dtype};
    layer_bytes_ = shape.block_bytes() * static_cast<std::size_t>(shape.blocks);
    shape.layers = static_cast<std::int32_t>(kWorkingSet / layer_bytes_ + 1);
    layers_ = shape.layers;
    cache_ = backend.make_kv_cache(shape);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(shape.blocks));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
    std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
    tables_.resize(static_cast<std::size_t>(load.sequences));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      tables_[i / static_cast<std::size_t>(blocks)].push_back(qk::BlockId{ids[i]});
    }
    rows_ = std::max(kFillRows, load.sequences * load.rows);
    q_ = matrix(heads.heads, 1);
    k_ = matrix(heads.kv_heads, 2);
    v_ = matrix(heads.kv_heads, 3);
    out_ = matrix(heads.heads, 4);
    angles_ = matrix(1, 5);
    fill();
  }

  /// Binds the rows of the load.
  void bind() {
    std::vector<qk::SequenceRows> views;
    for (std::size_t s = 0; s < tables_.size(); ++s) {
      views.push_back({static_cast<std::int32_t>(s) * load_.rows, load_.rows,
                       load_.context - load_.rows, tables_[s]});
    }
    backend_.begin_step({rows(), views});
  }

  void attend(std::int32_t layer) {
    backend_.attention({.q = q_.top(rows()),
                        .cache = cache_.get(),
                        .layer = layer % layers_,
                        .scale = 1.0F / std::sqrt(static_cast<float>(heads_.head_dim)),
                        .out = out_.top(rows())});
  }

  void store(std::int32_t layer, std::int32_t count) {
    backend_.rope_store({.q = q_.top(count),
                         .k = k_.top(count),
                         .v = v_.top(count),
                         .angles = angles_.top(count),
                         .head_dim = heads_.head_dim,
                         .cache = cache_.get(),
                         .layer = layer % layers_});
  }

  std::int32_t rows() const { return load_.sequences * load_.rows; }
  double bytes() const { return static_cast<double>(layer_bytes_); }
  /// Multiplications and additions of scores and sums.
  double operations() const {
    const double positions = load_.rows * (load_.context - (load_.rows - 1) / 2.0);
    return 4.0 * heads_.heads * heads_.head_dim * positions * load_.sequences;
  }

 private:
  qk::Matrix matrix(std::int32_t heads, std::uint32_t seed) {
    const std::int32_t cols = heads * heads_.head_dim;
    const std::size_t floats = static_cast<std::size_t>(rows_) * static_cast<std::size_t>(cols);
    buffers_.push_back(backend_.allocate(floats));
    std::vector<float> values(floats);
    std::mt19937 random(seed);
    for (float& value : values) value = static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F;
    backend_.upload(*buffers_.back(), 0, values);
    return {buffers_.back().get(), 0, rows_, cols, cols};
  }

  void fill() {
    for (const auto& table : tables_) {
      for (std::int32_t first = 0; first < load_.context; first += kFillRows) {
        const std::int32_t count = std::min(kFillRows, load_.context - first);
        const qk::SequenceRows view{0, count, first, table};
        backend_.begin_step({count, {&view, 1}});
        for (std::int32_t layer = 0; layer < layers_; ++layer) store(layer, count);
      }
    }
  }

  qk::Backend& backend_;
  Heads heads_;
  Load load_;
  std::size_t layer_bytes_ = 0;
  std::int32_t layers_ = 0, rows_ = 0;
  std::unique_ptr<qk::KvCache> cache_;
  std::vector<std::vector<qk::BlockId>> tables_;
  std::vector<std::unique_ptr<qk::Buffer>> buffers_;
  qk::Matrix q_, k_, v_, out_, angles_;
};

benchmark::Counter rate(double amount) {
  return {amount, benchmark::Counter::kIsIterationInvariantRate};
}

void attention(benchmark::State& state, Bench& bench) {
  bench.bind();
  std::int32_t layer = 0;
  for (auto _ : state) bench.attend(layer++);
  state.counters["GB/s"] = rate(bench.bytes() * 1e-9);
  state.counters["GFLOP/s"] = rate(bench.operations() * 1e-9);
}

void rope_store(benchmark::State& state, Bench& bench) {
  bench.bind();
  std::int32_t layer = 0;
  for (auto _ : state) bench.store(layer++, bench.rows());
  state.counters["rows/s"] = rate(bench.rows());
}

/// The least disturbed repetition: on a shared machine the median carries the neighbours' load.
double best(const std::vector<double>& times) {
  return *std::min_element(times.begin(), times.end());
}

void add(qk::Backend& backend, const std::string& name, const Heads& heads, qk::DType dtype,
         const Load& load, void (*run)(benchmark::State&, Bench&)) {
  const std::string full = name + "/" + heads.name + "/" + std::string(qk::name_of(dtype)) +
                           "/sequences:" + std::to_string(load.sequences) +
                           "/rows:" + std::to_string(load.rows) +
                           "/context:" + std::to_string(load.context);
  benchmark::RegisterBenchmark(full.c_str(),
                               [&backend, heads, dtype, load, run](benchmark::State& state) {
                                 Bench bench(backend, heads, dtype, load);
                                 run(state, bench);
                               })
      ->MeasureProcessCPUTime()
      ->ComputeStatistics("best", best)
      ->Unit(benchmark::kMicrosecond);
}

void register_all(qk::Backend& backend) {
  constexpr Heads kHeads[] = {{"llama_1b", 32, 8, 64}, {"qwen3_0.6b", 16, 8, 128}};
  constexpr Load kDecodes[] = {{1, 1, 128},  {1, 1, 1024}, {1, 1, 8192}, {16, 1, 128},
                               {16, 1, 512}, {16, 1, 2048}};
  constexpr Load kPrefills[] = {{1, 128, 128}, {1, 512, 512}, {1, 512, 2048}, {1, 512, 8192}};
  for (const Heads& heads : kHeads) {
    for (const qk::DType dtype : {qk::DType::bf16, qk::DType::int8, qk::DType::f32}) {
      for (const Load& load : kDecodes) add(backend, "decode", heads, dtype, load, attention);
      for (const Load& load : kPrefills) add(backend, "prefill", heads, dtype, load, attention);
      for (const Load& load : {Load{16, 1, 64}, Load{1, 512, 512}}) {
        add(backend, "rope_store", heads, dtype, load, rope_store);
      }
    }
  }
}

/// Takes --threads=N out of the arguments; 0 = every core.
std::int32_t take_threads(int& argc, char** argv) {
  constexpr const char* kFlag = "--threads=";
  std::int32_t threads = 0;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], kFlag, std::strlen(kFlag)) == 0) {
      threads = std::atoi(argv[i] + std::strlen(kFlag));
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return threads;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int32_t threads = take_threads(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const auto backend = qk::make_cpu_backend({.threads = threads, .isa = ""});
  benchmark::AddCustomContext("machine", quire::tools::machine_name());
  benchmark::AddCustomContext("backend", backend->describe());
  benchmark::AddCustomContext("build", quire::tools::build_name());
  register_all(*backend);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
