// The level `amx` to the bit: what its products add up to, by scalar loops in the order that Intel
// documents for TDPBF16PS. On a machine with AMX the hardware answers, elsewhere the emulator.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"
#if defined(__x86_64__)
#include "tests/kernels/amx_emulator.h"
#endif

namespace quire::kernels {
namespace {

constexpr std::int32_t kStep = 32;  // k of one instruction

float rounded_to_bf16(float value) {
  return f32_from_bf16(bf16_from_f32(value));
}

/// The weight that meets the activations: a dense one as it is, an affine one after two roundings.
float weight_on_tiles(const WeightSample& weight, std::int32_t n, std::int32_t k) {
  return rounded_to_bf16(static_cast<float>(weight.value(n, k)));
}

float sum_in_order(const WeightSample& weight, const float* x, std::int32_t n) {
  float sum = 0.0F;
  for (std::int32_t first = 0; first < weight.cols(); first += kStep) {
    float chains[2] = {0.0F, 0.0F};
    for (std::int32_t k = first; k < std::min(first + kStep, weight.cols()); ++k) {
      float& chain = chains[k % 2];
      chain = std::fma(rounded_to_bf16(x[k]), weight_on_tiles(weight, n, k), chain);
    }
    sum += chains[0] + chains[1];
  }
  return sum;
}

class AmxLinear : public BackendTest {
 protected:
  void expect_sums_in_order(const WeightSample& weight, std::int32_t rows) {
    const std::int32_t cols = weight.cols();
    const Values x = random_values(static_cast<std::size_t>(rows * cols), 31, 3.0F);
    const auto prepared = backend->prepare_weight(weight.source());
    const OwnedMatrix in = make_matrix(*backend, x, rows, cols);
    const OwnedMatrix out = make_output(*backend, rows, weight.rows());
    const LinearTerm term{.weight = prepared.get(), .bias = nullptr, .out = out.view};
    backend->linear(in.view, {&term, 1});
    Values expected;
    for (std::int32_t r = 0; r < rows; ++r) {
      for (std::int32_t n = 0; n < weight.rows(); ++n) {
        expected.push_back(sum_in_order(weight, x.data() + r * cols, n));
      }
    }
    expect_same_bits(read(*backend, out.view), expected,
                     weight.name() + ", " + std::to_string(rows) + " rows");
  }
};

TEST_P(AmxLinear, DenseSumsHaveTheDocumentedOrder) {
  for (const std::int32_t cols : {1, 31, 32, 33, 511, 512, 577}) {
    const auto weight = WeightSample::dense({37, cols}, DType::bf16, 32);
    for (const std::int32_t rows : {1, 16, 17, 32, 33, 49}) expect_sums_in_order(weight, rows);
  }
}

TEST_P(AmxLinear, AffineSumsHaveTheDocumentedOrder) {
  for (const AffineFormat& format : every_affine_format()) {
    const auto weight = WeightSample::affine({37, 640}, format, 33);
    for (const std::int32_t rows : {1, 17, 49}) expect_sums_in_order(weight, rows);
  }
}

// More panels than share a pass over the activations.
TEST_P(AmxLinear, EveryPanelOfAWideMatrixIsSummed) {
  for (const std::int32_t rows : {3, 35}) {
    expect_sums_in_order(WeightSample::dense({9 * 32 + 5, 64}, DType::bf16, 34), rows);
    expect_sums_in_order(WeightSample::affine({9 * 32 + 5, 64}, {.bits = 4}, 35), rows);
  }
}

#if defined(__x86_64__)
TEST_P(AmxLinear, LeavesNoTilesConfigured) {
  if (emulation::hardware_has_amx()) GTEST_SKIP() << "only the emulator can be asked";
  backend = make_backend(1);  // all on this thread
  for (const std::int32_t rows : {1, 40}) {
    expect_sums_in_order(WeightSample::dense({37, 64}, DType::bf16, 36), rows);
    EXPECT_FALSE(emulation::tiles_are_configured());
    for (const AffineFormat& format : every_affine_format()) {
      expect_sums_in_order(WeightSample::affine({37, 128}, format, 37), rows);
      EXPECT_FALSE(emulation::tiles_are_configured()) << format.bits << " bits";
    }
  }
}
#endif

std::vector<Device> amx_device() {
  std::vector<Device> devices;
  for (const Device& device : list_devices()) {
    if (device.name == "cpu:amx") devices.push_back(device);
  }
  return devices;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AmxLinear);
INSTANTIATE_TEST_SUITE_P(, AmxLinear, testing::ValuesIn(amx_device()), device_test_name);

}  // namespace
}  // namespace quire::kernels
