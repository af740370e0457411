// The tuner: choices for `linear` on two common formats and three heights, timed by the device itself. It
// only chooses what changes no bit.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/devices.h"
#include "kernels/opencl/cl_context.h"
#include "kernels/opencl/cl_kernels.h"
#include "kernels/opencl/cl_probes.h"
#include "kernels/opencl/cl_tuning.h"

namespace quire::kernels {
namespace opencl {
namespace {

// A matrix of Llama-3.2-1B cut to a quarter: large enough to fill a GPU, small enough for PoCL.
constexpr std::int32_t kOutputs = 1024, kInputs = 2048, kGroup = 64;
constexpr std::int32_t kHeights[] = {1, 8, 128};
constexpr std::int32_t kRuns = 5;

/// Bytes of a pattern; what they mean does not matter for the time.
std::vector<std::byte> pattern(std::size_t bytes) {
  std::vector<std::byte> made(bytes);
  for (std::size_t i = 0; i < bytes; ++i) made[i] = static_cast<std::byte>(i * 37 % 61);
  return made;
}

std::vector<std::unique_ptr<Weight>> prepare_weights(Backend& backend) {
  constexpr auto kElements = static_cast<std::size_t>(kOutputs) * kInputs;
  const auto codes = pattern(kElements / 2);
  const auto scales = pattern(kElements / kGroup * 2);
  const auto dense = pattern(kElements * 2);
  std::vector<std::unique_ptr<Weight>> weights;
  weights.push_back(backend.prepare_weight({.rows = kOutputs,
                                            .cols = kInputs,
                                            .dense = {},
                                            .affine = AffineSource{.bits = 4,
                                                                   .group = kGroup,
                                                                   .scale_dtype = DType::bf16,
                                                                   .codes = codes.data(),
                                                                   .scales = scales.data(),
                                                                   .biases = scales.data()}}));
  weights.push_back(backend.prepare_weight(
      {.rows = kOutputs,
       .cols = kInputs,
       .dense = DenseSource{.dtype = DType::bf16, .elements = dense.data()},
       .affine = {}}));
  return weights;
}

/// Median seconds of linear at each height, summed over the formats.
std::vector<double> measure(Backend& backend) {
  const auto weights = prepare_weights(backend);
  const std::int32_t most = *std::max_element(std::begin(kHeights), std::end(kHeights));
  const auto x = backend.allocate(static_cast<std::size_t>(most) * kInputs);
  const auto y = backend.allocate(static_cast<std::size_t>(most) * kOutputs);
  backend.time_kernels(true);
  std::vector<double> seconds;
  for (const std::int32_t height : kHeights) {
    double sum = 0;
    for (const auto& weight : weights) {
      const LinearTerm term{weight.get(), nullptr, {y.get(), 0, height, kOutputs, kOutputs}};
      std::vector<double> runs;
      for (std::int32_t run = 0; run <= kRuns; ++run) {  // the first one warms up
        backend.linear({x.get(), 0, height, kInputs, kInputs}, {&term, 1});
        double own = 0;
        for (const KernelTime& time : backend.take_kernel_times()) own += time.seconds;
        if (run > 0) runs.push_back(own);
      }
      std::nth_element(runs.begin(), runs.begin() + kRuns / 2, runs.end());
      sum += runs[kRuns / 2];
    }
    seconds.push_back(sum);
  }
  return seconds;
}

// Choices, `from` changed in one respect or two that go together. The first kind decides the form of
// activations, hence comes first; the last one only concerns many rows.

std::vector<OpenClTuning> vectors_of(OpenClTuning from, const ClDevice&) {
  std::vector<OpenClTuning> choices;
  for (const CodeProducts products : {CodeProducts::bytes, CodeProducts::floats}) {
    for (const std::int32_t columns : {1, 2, 4, 8, 16}) {
      from.products = products;
      from.columns = columns;
      choices.push_back(from);
    }
  }
  return choices;
}

std::vector<OpenClTuning> lanes_of(OpenClTuning from, const ClDevice&) {
  std::vector<OpenClTuning> choices;
  for (const std::int32_t many_rows : {8, 16}) {
    for (const std::int32_t lanes : {1, 2, 4, 8}) {
      from.many_rows = many_rows;
      from.lanes = lanes;
      choices.push_back(from);
    }
  }
  return choices;
}

std::vector<OpenClTuning> tiles_of(OpenClTuning from, const ClDevice& device) {
  std::vector<OpenClTuning> choices;
  for (std::size_t tile = 0; tile < tile_shapes().size(); ++tile) {
    if (!fits(tile_shapes()[tile], device)) continue;
    from.tile = static_cast<std::int32_t>(tile) + 1;
    choices.push_back(from);
  }
  return choices;
}

bool was_tried(const std::vector<OpenClTrial>& trials, const OpenClTuning& tuning) {
  return std::any_of(trials.begin(), trials.end(),
                     [&](const OpenClTrial& trial) { return trial.tuning == tuning; });
}

OpenClTrial try_out(std::int32_t device, const OpenClTuning& tuning) {
  const auto backend = make_opencl_backend({.device = device, .tuning = tuning});
  OpenClTrial trial{.tuning = tuning, .seconds = measure(*backend)};
  // A geometric mean: no height counts more for being slower.
  double product = 1;
  for (const double seconds : trial.seconds) product *= seconds;
  trial.score = std::cbrt(product);
  return trial;
}

bool is_faster(const OpenClTrial& a, const OpenClTrial& b) {
  return a.score < b.score;
}

}  // namespace
}  // namespace opencl

std::vector<OpenClTrial> tune_opencl(std::int32_t device,
                                     const std::function<void(const OpenClTrial&)>& on_trial) {
  const opencl::ClContext context(opencl::device_at(device),
                                  opencl::ProgramCache(opencl::cache_folder()));
  std::vector<OpenClTrial> trials;
  OpenClTuning best =
      opencl::default_tuning(context.device(), opencl::dot_path(context.device()));
  for (const auto& choices : {opencl::vectors_of, opencl::lanes_of, opencl::tiles_of}) {
    for (const OpenClTuning& tuning : choices(best, context.device())) {
      if (opencl::was_tried(trials, tuning)) continue;
      trials.push_back(opencl::try_out(device, tuning));
      on_trial(trials.back());
    }
    best = std::min_element(trials.begin(), trials.end(), opencl::is_faster)->tuning;
  }
  std::stable_sort(trials.begin(), trials.end(), opencl::is_faster);
  opencl::store_tuning(context, best);
  return trials;
}

}  // namespace quire::kernels
