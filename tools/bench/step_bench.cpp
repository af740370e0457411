#include "tools/bench/step_bench.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>

#include "tools/bench/statistics.h"
#include "tools/bench/target.h"
#include "tools/byte_size.h"
#include "tools/load_model.h"

namespace quire::tools::bench {
namespace {

using engine::BlockId;
using engine::SequenceStep;
using kernels::kBlockTokens;
using Clock = std::chrono::steady_clock;

// A run is long enough for the clock, the scheduler's time slices and a cold start of the threads.
constexpr double kRunSeconds = 0.1;
constexpr std::int32_t kMostPasses = 1000;
constexpr std::int32_t kFillBlocks = 32;  // of the cache, filled in one call

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Of all threads of this process.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::vector<float> random_floats(std::size_t count) {
  std::mt19937 random(1);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F;
  return values;
}

/// Random K and V that go to the cache through rope_store, as a step's do: every page of the cache
/// is touched, every value is ordinary.
class RandomRows {
 public:
  RandomRows(kernels::Backend& backend, const kernels::KvCacheShape& shape, std::int32_t rows)
      : backend_(backend),
        shape_(shape),
        width_(shape.kv_heads * shape.head_dim),
        values_(random_floats(static_cast<std::size_t>(rows) * static_cast<std::size_t>(width_))),
        q_(backend.allocate(values_.size())),
        k_(backend.allocate(values_.size())),
        v_(backend.allocate(values_.size())),
        angles_(backend.allocate(static_cast<std::size_t>(rows) *
                                 static_cast<std::size_t>(shape.head_dim))) {
    backend_.upload(*q_, 0, values_);
    backend_.upload(*v_, 0, values_);
    const auto dim = static_cast<std::size_t>(shape.head_dim);
    std::vector<float> angles(angles_->floats());
    for (std::size_t i = 0; i < angles.size(); ++i) angles[i] = i % dim < dim / 2 ? 1.0F : 0.0F;
    backend_.upload(*angles_, 0, angles);  // cos 1, sin 0: no rotation
  }

  /// Fills whole blocks. REQUIRES: they hold no more than the rows.
  void store(kernels::KvCache& cache, std::span<const BlockId> blocks) {
    const auto rows = static_cast<std::int32_t>(blocks.size()) * kBlockTokens;
    const kernels::SequenceRows sequence{
        .first_row = 0, .rows = rows, .first_position = 0, .blocks = blocks};
    backend_.begin_step({.rows = rows, .sequences = {&sequence, 1}});
    for (std::int32_t layer = 0; layer < shape_.layers; ++layer) {
      backend_.upload(*k_, 0, values_);  // rope_store leaves K undefined
      backend_.rope_store({.q = {q_.get(), 0, rows, width_, width_},
                           .k = {k_.get(), 0, rows, width_, width_},
                           .v = {v_.get(), 0, rows, width_, width_},
                           .angles = {angles_.get(), 0, rows, shape_.head_dim, shape_.head_dim},
                           .head_dim = shape_.head_dim,
                           .cache = &cache,
                           .layer = layer});
    }
  }

 private:
  kernels::Backend& backend_;
  kernels::KvCacheShape shape_;
  std::int32_t width_;
  std::vector<float> values_;
  std::unique_ptr<kernels::Buffer> q_, k_, v_, angles_;
};

/// Seconds of each op in one pass: the median of the runs.
void take_medians(const std::vector<StepWork>& runs, StepWork& work) {
  for (std::size_t op = 0; op < kStepOps; ++op) {
    std::vector<double> seconds;
    for (const StepWork& run : runs) seconds.push_back(run[op].seconds);
    work[op].seconds = percentile(seconds, 50);
  }
}

}  // namespace

StepBench::StepBench(const EngineOptions& engine, const StepBenchOptions& options,
                     const std::vector<StepCase>& cases, const engine::LoadProgress& progress)
    : options_(options),
      backend_(make_backend(engine)),
      timed_(*backend_),
      model_(load_model(engine, timed_, progress)),
      cases_(fitting(cases)),
      plan_(plan_memory_for_cases(engine)),
      executor_(model_, timed_, executor_config()),
      results_(static_cast<std::size_t>(executor_.config().max_sequences)) {
  sampling_.temperature = options_.temperature;
  std::mt19937 random(2);
  std::int32_t longest = 0;
  for (const StepCase& step : cases_) longest = std::max(longest, step.context);
  const auto vocab = static_cast<std::uint32_t>(model_.summary().vocab_size);
  for (std::int32_t i = 0; i < longest; ++i) {
    tokens_.push_back(static_cast<engine::TokenId>(random() % vocab));
  }
  for (std::int32_t i = 0; i < plan_.kv_blocks; ++i) blocks_.push_back(BlockId{i});
  std::shuffle(blocks_.begin(), blocks_.end(), random);
}

std::vector<StepCase> StepBench::fitting(const std::vector<StepCase>& cases) {
  const std::int32_t most = model_.summary().max_positions;
  std::vector<StepCase> fit;
  for (const StepCase& step : cases) {
    if (step.context <= most) {
      fit.push_back(step);
    } else if (step.optional) {
      left_out_.push_back(step);
    } else {
      throw PlanError(fmt::format("{} {}: the model was made for {} tokens",
                                  step.kind == StepCase::Kind::prefill ? "--prefill" : "--contexts",
                                  step.context, most));
    }
  }
  if (fit.empty()) throw PlanError("nothing to measure: every case is too long for the model");
  return fit;
}

MemoryPlan StepBench::plan_memory_for_cases(const EngineOptions& engine) const {
  const StepCase* largest = &cases_.front();
  for (const StepCase& step : cases_) {
    if (step.blocks() > largest->blocks()) largest = &step;
  }
  MemoryPlan plan;
  plan.available = memory_limits(*backend_).available;
  plan.max_model_len = model_.summary().max_positions;
  plan.kv_dtype = chosen_kv_dtype(model_.summary(), engine);
  plan.kv_block_bytes = engine::Executor::kv_block_bytes(model_.summary(), plan.kv_dtype);
  const auto blocks = static_cast<std::size_t>(largest->blocks());
  plan.kv_bytes = blocks * plan.kv_block_bytes;
  if (plan.kv_bytes > plan.available ||
      blocks > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw PlanError(
        fmt::format("{}: its KV cache needs {} and {} are available; remedy: smaller --contexts, "
                    "--sequences or --prefill",
                    largest->describe(), format_byte_size(plan.kv_bytes),
                    format_byte_size(plan.available)));
  }
  plan.kv_blocks = static_cast<std::int32_t>(blocks);
  return plan;
}

engine::ExecutorConfig StepBench::executor_config() const {
  std::int32_t sequences = 1;
  for (const StepCase& step : cases_) sequences = std::max(sequences, step.sequences);
  return {.max_batch_rows = std::max(sequences, options_.max_batch_tokens),
          .max_sequences = sequences,
          .kv_blocks = plan_.kv_blocks,
          .kv_dtype = plan_.kv_dtype};
}

void StepBench::fill_cache() {
  RandomRows rows(timed_, timed_.cache()->shape(), kFillBlocks * kBlockTokens);
  for (std::size_t first = 0; first < blocks_.size(); first += kFillBlocks) {
    const std::size_t count = std::min<std::size_t>(kFillBlocks, blocks_.size() - first);
    rows.store(*timed_.cache(), std::span(blocks_).subspan(first, count));
  }
}

void StepBench::run_steps(std::vector<SequenceStep>& steps) {
  const std::span results(results_.data(), steps.size());
  executor_.run(steps, results);
  for (const engine::SequenceResult& result : results) {
    if (result.error) throw BenchError("the model computes no sense: " + *result.error);
  }
}

/// Once over the case's tokens.
void StepBench::pass(const StepCase& step) {
  const auto context = static_cast<std::size_t>(step.context);
  const std::span tokens = std::span(tokens_).first(context);
  const auto each = static_cast<std::size_t>(step.blocks() / step.sequences);
  const auto sequence = [&](std::size_t index, std::int32_t first, std::int32_t rows) {
    return SequenceStep{.tokens = tokens,
                        .prompt_tokens = step.context,
                        .first_position = first,
                        .rows = rows,
                        .blocks = std::span(blocks_).subspan(index * each, each),
                        .sampling = &sampling_,
                        .sample = first + rows == step.context};
  };
  std::vector<SequenceStep> steps;
  if (step.kind == StepCase::Kind::decode) {
    for (std::int32_t i = 0; i < step.sequences; ++i) {
      steps.push_back(sequence(static_cast<std::size_t>(i), step.context - 1, 1));
    }
    return run_steps(steps);
  }
  for (std::int32_t first = 0; first < step.context; first += options_.max_batch_tokens) {
    steps.assign(1, sequence(0, first, std::min(options_.max_batch_tokens, step.context - first)));
    run_steps(steps);
  }
}

/// Touches everything once, counts the work, and finds how many passes make a run.
StepFigures StepBench::warm_up(const StepCase& step) {
  StepFigures figures{.step = step, .seconds = {}, .cpu_seconds = {}, .kernels = {}};
  timed_.start();
  pass(step);
  figures.work = timed_.stop();
  for (OpWork& op : figures.work) op.seconds = 0;
  const Clock::time_point begin = Clock::now();
  pass(step);
  const double wanted = std::ceil(kRunSeconds / std::max(seconds_since(begin), 1e-9));
  figures.passes = static_cast<std::int32_t>(std::clamp<double>(wanted, 1, kMostPasses));
  return figures;
}

void StepBench::time_run(StepFigures& figures) {
  const double cpu = cpu_seconds();
  const Clock::time_point begin = Clock::now();
  for (std::int32_t i = 0; i < figures.passes; ++i) pass(figures.step);
  figures.seconds.push_back(seconds_since(begin) / figures.passes);
  figures.cpu_seconds.push_back((cpu_seconds() - cpu) / figures.passes);
}

StepWork StepBench::profile_run(const StepFigures& figures) {
  timed_.start();
  for (std::int32_t i = 0; i < figures.passes; ++i) pass(figures.step);
  StepWork work = timed_.stop();
  for (OpWork& op : work) op.seconds /= figures.passes;
  return work;
}

/// Last, because a device that times its kernels runs them more slowly.
void StepBench::time_kernels(StepFigures& figures) {
  if (!backend_->time_kernels(true)) return;
  for (std::int32_t i = 0; i < figures.passes; ++i) pass(figures.step);
  figures.kernels = backend_->take_kernel_times();
  backend_->time_kernels(false);
  for (kernels::KernelTime& kernel : figures.kernels) {
    kernel.launches /= figures.passes;
    kernel.seconds /= figures.passes;
  }
}

std::vector<StepFigures> StepBench::run(const RunProgress& progress) {
  const std::size_t total = cases_.size() * static_cast<std::size_t>(options_.runs + 1);
  std::size_t done = 0;
  progress(done, total);
  fill_cache();
  std::vector<StepFigures> all;
  for (const StepCase& step : cases_) {
    all.push_back(warm_up(step));
    progress(++done, total);
  }
  std::vector<std::vector<StepWork>> profiles(cases_.size());
  for (std::int32_t run = 0; run < options_.runs; ++run) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      time_run(all[i]);
      if (options_.profile) profiles[i].push_back(profile_run(all[i]));
      progress(++done, total);
    }
  }
  if (options_.profile) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      take_medians(profiles[i], all[i].work);
      time_kernels(all[i]);
    }
  }
  return all;
}

}  // namespace quire::tools::bench
