// The tuner: every possible choice for `linear` on two common formats and three heights, timed by the
// device itself. It only chooses what changes no bit.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/devices.h"
#include "kernels/opencl/cl_context.h"
#include "kernels/opencl/cl_kernels.h"

namespace quire::kernels {
namespace opencl {
namespace {

// A matrix of Llama-3.2-1B cut to a quarter: large enough to fill a GPU, small enough for PoCL.
constexpr std::int32_t kOutputs = 1024, kInputs = 2048, kGroup = 64;
constexpr std::int32_t kHeights[] = {1, 8, 64};
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

}  // namespace
}  // namespace opencl

std::vector<OpenClTrial> tune_opencl(std::int32_t device,
                                     const std::function<void(const OpenClTrial&)>& on_trial) {
  std::vector<OpenClTrial> trials;
  for (const std::int32_t many_rows : {8, 16}) {
    for (const std::int32_t lanes : {2, 4, 8}) {
      const auto backend =
          make_opencl_backend({.device = device, .lanes = lanes, .many_rows = many_rows});
      OpenClTrial trial{.lanes = lanes, .many_rows = many_rows, .seconds = opencl::measure(*backend)};
      // A geometric mean: no height counts more for being slower.
      double product = 1;
      for (const double seconds : trial.seconds) product *= seconds;
      trial.score = std::cbrt(product);
      on_trial(trial);
      trials.push_back(std::move(trial));
    }
  }
  std::stable_sort(trials.begin(), trials.end(),
                   [](const auto& a, const auto& b) { return a.score < b.score; });
  const opencl::ClContext context(opencl::device_at(device),
                                  opencl::ProgramCache(opencl::cache_folder()));
  opencl::store_tuning(context, {.lanes = trials.front().lanes,
                                 .many_rows = trials.front().many_rows});
  return trials;
}

}  // namespace quire::kernels
