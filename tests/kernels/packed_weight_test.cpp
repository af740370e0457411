// Preparing weights: what is refused, what is held, and embed reading rows back from the panels.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"

namespace quire::kernels {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class PackedWeightTest : public BackendTest {
 protected:
  Values embed(Backend& on, const WeightSample& sample, const std::vector<std::int32_t>& ids,
               Placement placement = {}) {
    const auto table = on.prepare_weight(sample.source());
    const OwnedMatrix out =
        make_output(on, static_cast<std::int32_t>(ids.size()), sample.cols(), placement);
    on.embed(*table, ids, out.view);
    return read(on, out.view);
  }
};

TEST_P(PackedWeightTest, EmbedEqualsTheReferenceBitForBit) {
  std::vector<WeightSample> samples;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    samples.push_back(WeightSample::dense({77, 131}, dtype, 1));
  }
  for (const AffineFormat& format : every_affine_format()) {
    samples.push_back(WeightSample::affine({77, 3 * format.group}, format, 2));
  }
  std::vector<std::int32_t> ids = {76, 0, 0, 31, 32, 33, 15, 16, 17, 64};
  for (std::int32_t id = 0; id < 77; ++id) ids.push_back(id);
  for (const WeightSample& sample : samples) {
    expect_same_bits(embed(*backend, sample, ids, {.offset = 3, .gap = 2}),
                     embed(*reference, sample, ids), sample.name());
  }
}

TEST_P(PackedWeightTest, EmbedKeepsSpecialHalfValues) {
  // Subnormals, both zeros, the largest finite value and infinities of each 16-bit type.
  const std::uint16_t halves[] = {0x0001, 0x83ff, 0x0000, 0x8000, 0x7bff, 0x7c00, 0xfc00, 0x0400};
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const WeightSource source{
        .rows = 2,
        .cols = 4,
        .dense =
            DenseSource{.dtype = dtype, .elements = reinterpret_cast<const std::byte*>(halves)},
        .affine = {}};
    const auto table = backend->prepare_weight(source);
    const OwnedMatrix out = make_output(*backend, 2, 4);
    const std::int32_t ids[] = {0, 1};
    backend->embed(*table, ids, out.view);
    const Values values = read(*backend, out.view);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float expected =
          dtype == DType::f16 ? f32_from_f16(halves[i]) : f32_from_bf16(halves[i]);
      expect_same_bits({values[i]}, {expected}, "half " + std::to_string(i));
    }
  }
}

TEST_P(PackedWeightTest, LinearWidensEveryFiniteHalfExactly) {
  // One weight column per k with x = 1 at that k only: y = the widened weight.
  constexpr std::int32_t kHalves = 64;
  for (const DType dtype : {DType::f16, DType::bf16}) {
    std::vector<std::uint16_t> halves;
    for (std::uint32_t bits = 0; bits < 0x10000; bits += 0x10000 / kHalves) {
      const auto half = static_cast<std::uint16_t>(bits + bits / 1024);
      const bool finite = (half & 0x7c00U) != 0x7c00U && (half & 0x7f80U) != 0x7f80U;
      halves.push_back(finite ? half : std::uint16_t{1});
    }
    const WeightSource source{
        .rows = kHalves,
        .cols = 1,
        .dense = DenseSource{.dtype = dtype,
                             .elements = reinterpret_cast<const std::byte*>(halves.data())},
        .affine = {}};
    const auto weight = backend->prepare_weight(source);
    const OwnedMatrix in = make_matrix(*backend, {1.0F}, 1, 1);
    const OwnedMatrix out = make_output(*backend, 1, kHalves);
    const LinearTerm term{.weight = weight.get(), .bias = nullptr, .out = out.view};
    backend->linear(in.view, {&term, 1});
    const Values values = read(*backend, out.view);
    for (std::size_t i = 0; i < halves.size(); ++i) {
      float half = dtype == DType::f16 ? f32_from_f16(halves[i]) : f32_from_bf16(halves[i]);
      const bool bf16_products = dtype == DType::bf16 && GetParam().rounds_to_bf16;
      if (bf16_products && std::fabs(half) < 0x1p-126F) half = 0.0F;  // the instructions say so
      EXPECT_EQ(values[i], half) << "half " << halves[i];
    }
  }
}

TEST_P(PackedWeightTest, HoldsCodesAndScalesAndNoMore) {
  // 4 bits in groups of 64 with bf16 scales and biases: 4.5 bits per weight; N = 50 fills 64.
  const auto affine = backend->prepare_weight(
      WeightSample::affine({50, 256}, {.bits = 4, .group = 64}, 3).source());
  EXPECT_EQ(affine->bytes(), 64U * 256U * 9U / 16U);
  EXPECT_EQ(affine->rows(), 50);
  EXPECT_EQ(affine->cols(), 256);
  const auto dense =
      backend->prepare_weight(WeightSample::dense({50, 256}, DType::bf16, 4).source());
  EXPECT_EQ(dense->bytes(), 64U * 256U * 2U);
}

TEST_P(PackedWeightTest, RefusesFormatsByName) {
  const WeightSample sample = WeightSample::affine({4, 96}, {.bits = 4, .group = 32}, 5);
  WeightSource source = sample.source();
  source.affine->bits = 7;
  EXPECT_THAT([&] { (void)backend->prepare_weight(source); },
              ThrowsMessage<DeviceError>(HasSubstr("7 bits")));
  source = sample.source();
  source.affine->group = 16;
  EXPECT_THAT([&] { (void)backend->prepare_weight(source); },
              ThrowsMessage<DeviceError>(HasSubstr("groups of 16")));
  source = sample.source();
  source.affine->group = 64;
  EXPECT_THAT([&] { (void)backend->prepare_weight(source); },
              ThrowsMessage<DeviceError>(HasSubstr("96 columns")));
}

QUIRE_ON_EVERY_DEVICE(PackedWeightTest);

}  // namespace
}  // namespace quire::kernels
