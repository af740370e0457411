// Norm and activation that quantise their output on the way: one launch less, the same bits as the
// separate kernels, and codes that outlive no other op.
#include <gmock/gmock.h>

#include <functional>
#include <limits>

#include "kernels/opencl/cl_devices.h"
#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"

namespace quire::kernels {
namespace {

constexpr std::int32_t kRows = 3, kOutputs = 33;

class OpenClFusion : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "no OpenCL driver is instrumented for ThreadSanitizer";
#endif
    if (opencl::find_devices().empty()) GTEST_SKIP() << "no OpenCL device";
  }

  struct Outcome {
    Values activations, products;
    std::int64_t launches = 0;
  };

  /// What `op` leaves in its output of `width` columns, and its product with a weight in groups of
  /// `group`. `op` is told of the weight if `fused`.
  template <class Op>
  static Outcome run(Backend& on, std::int32_t width, std::int32_t group, bool fused, Op&& op) {
    const auto sample = WeightSample::affine({kOutputs, width}, {.bits = 4, .group = group}, 7);
    const auto weight = on.prepare_weight(sample.source());
    const OwnedMatrix between = make_output(on, kRows, width, {.offset = 5, .gap = 3});
    const OwnedMatrix out = make_output(on, kRows, kOutputs);
    const LinearTerm term{weight.get(), nullptr, out.view};
    on.time_kernels(true);
    op(between.view, fused ? weight.get() : nullptr);
    on.linear(between.view, {&term, 1});
    Outcome outcome;
    for (const KernelTime& time : on.take_kernel_times()) outcome.launches += time.launches;
    on.time_kernels(false);
    expect_surroundings_untouched(on, between, "fused");
    outcome.activations = read(on, between.view);
    outcome.products = read(on, out.view);
    return outcome;
  }

  template <class Op>
  static void expect_same(Backend& on, std::int32_t width, std::int32_t group, Op&& op) {
    const Outcome fused = run(on, width, group, true, op);
    const Outcome separate = run(on, width, group, false, op);
    const std::string what = std::to_string(width) + " in groups of " + std::to_string(group);
    EXPECT_EQ(fused.launches, 2) << what;
    EXPECT_EQ(separate.launches, 3) << what;
    expect_same_bits(fused.activations, separate.activations, what);
    expect_same_bits(fused.products, separate.products, what);
  }

  static void on_each(const std::function<void(Backend&, std::int32_t, std::int32_t)>& check) {
    for (const CodeProducts products : {CodeProducts::bytes, CodeProducts::floats}) {
      const auto backend = make_opencl_backend({.tuning = {.products = products}});
      for (const std::int32_t group : {32, 64, 128}) {
        for (const std::int32_t width : {128, 1024, 2176}) check(*backend, width, group);
      }
    }
  }
};

TEST_F(OpenClFusion, NormQuantisesWithTheBitsOfTheSeparateKernels) {
  on_each([](Backend& on, std::int32_t width, std::int32_t group) {
    const auto gain = make_vector(on, random_values(static_cast<std::size_t>(width), 1));
    const Values values = random_values(static_cast<std::size_t>(kRows * width), 2);
    const OwnedMatrix delta = make_matrix(on, values, kRows, width, {.offset = 1, .gap = 2});
    expect_same(on, width, group, [&](const Matrix& out, const Weight* next) {
      const OwnedMatrix residual = make_matrix(on, values, kRows, width);
      on.rms_norm({.residual = residual.view,
                   .delta = &delta.view,
                   .gain = gain.get(),
                   .out = out,
                   .next = next});
    });
  });
}

TEST_F(OpenClFusion, ActivationQuantisesWithTheBitsOfTheSeparateKernels) {
  on_each([](Backend& on, std::int32_t width, std::int32_t group) {
    Values values = random_values(static_cast<std::size_t>(kRows * width), 3, 9.0F);
    values[7] = std::numeric_limits<float>::infinity();  // spoils its group of its row
    const OwnedMatrix gate = make_matrix(on, values, kRows, width, {.offset = 3, .gap = 1});
    const OwnedMatrix up = make_matrix(on, random_values(values.size(), 4), kRows, width);
    for (const Activation kind : {Activation::silu, Activation::gelu, Activation::gelu_tanh}) {
      expect_same(on, width, group, [&](const Matrix& out, const Weight* next) {
        on.gated_activation(
            {.kind = kind, .gate = gate.view, .up = up.view, .out = out, .next = next});
      });
    }
  });
}

// Small enough for tools/check_opencl.sh.
TEST_F(OpenClFusion, ActivationIsQuantisedInsideItsRows) {
  const auto backend = make_opencl_backend({});
  const Values values = random_values(kRows * 96, 3, 9.0F);
  const OwnedMatrix gate = make_matrix(*backend, values, kRows, 96, {.offset = 3, .gap = 1});
  expect_same(*backend, 96, 32, [&](const Matrix& out, const Weight* next) {
    backend->gated_activation({.gate = gate.view, .up = gate.view, .out = out, .next = next});
  });
}

TEST_F(OpenClFusion, CodesAreForgottenByAnyOtherOp) {
  const auto backend = make_opencl_backend({});
  const auto gain = make_vector(*backend, Values(128, 1.0F));
  const OwnedMatrix residual = make_matrix(*backend, random_values(kRows * 128, 5), kRows, 128);
  const Values others = random_values(kRows * 128, 6);
  const auto changed = [&](const Matrix& out, const Weight* next) {
    backend->rms_norm({.residual = residual.view, .gain = gain.get(), .out = out, .next = next});
    for (std::int32_t r = 0; r < kRows; ++r) {
      backend->upload(*out.buffer, out.offset + static_cast<std::size_t>(r * out.stride),
                      std::span(others).subspan(static_cast<std::size_t>(r) * 128, 128));
    }
  };
  const Outcome fused = run(*backend, 128, 64, true, changed);
  expect_same_bits(fused.products, run(*backend, 128, 64, false, changed).products, "after upload");
  EXPECT_EQ(fused.launches, 3);
}

TEST_F(OpenClFusion, DenseWeightsTakeActivationsAsTheyAre) {
  const auto backend = make_opencl_backend({});
  const auto sample = WeightSample::dense({kOutputs, 128}, DType::bf16, 1);
  const auto weight = backend->prepare_weight(sample.source());
  const auto gain = make_vector(*backend, Values(128, 1.0F));
  const OwnedMatrix residual = make_matrix(*backend, random_values(kRows * 128, 5), kRows, 128);
  const OwnedMatrix out = make_output(*backend, kRows, 128);
  backend->time_kernels(true);
  backend->rms_norm(
      {.residual = residual.view, .gain = gain.get(), .out = out.view, .next = weight.get()});
  const auto times = backend->take_kernel_times();
  ASSERT_EQ(times.size(), 1U);
  EXPECT_EQ(times[0].kernel, "rms_norm");
}

}  // namespace
}  // namespace quire::kernels
