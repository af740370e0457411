// What a tuner may choose for `linear` on OpenCL changes no bit: every tile, vector width and form of
// products against one row at a time.
#include <gmock/gmock.h>

#include "kernels/opencl/cl_devices.h"
#include "kernels/opencl/cl_tuning.h"
#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"

namespace quire::kernels {
namespace {

constexpr std::int32_t kRows = 65;   // more than the height of any tile
constexpr std::int32_t kCols = 416;  // a slice and a part of one; no multiple of a depth
constexpr std::int32_t kOutputs = 70;

class OpenClTuned : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "no OpenCL driver is instrumented for ThreadSanitizer";
#endif
    if (opencl::find_devices().empty()) GTEST_SKIP() << "no OpenCL device";
  }

  /// Two terms of 70 and 33 outputs, so that a tile ends between panels of different matrices.
  static Values products(Backend& on, const std::vector<WeightSample>& samples, const Values& x,
                         std::int32_t rows) {
    const auto cols = static_cast<std::int32_t>(x.size()) / rows;
    const OwnedMatrix in = make_matrix(on, x, rows, cols, {.offset = 3, .gap = 1});
    std::vector<std::unique_ptr<Weight>> weights;
    std::vector<OwnedMatrix> outs;
    std::vector<LinearTerm> terms;
    for (const WeightSample& sample : samples) {
      weights.push_back(on.prepare_weight(sample.source()));
      outs.push_back(make_output(on, rows, weights.back()->rows(), {.offset = 1, .gap = 2}));
      terms.push_back({weights.back().get(), nullptr, outs.back().view});
    }
    on.linear(in.view, terms);
    Values all;
    for (const OwnedMatrix& out : outs) {
      expect_surroundings_untouched(on, out, samples.front().name());
      const Values values = read(on, out.view);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  static Values one_by_one(Backend& on, const std::vector<WeightSample>& samples, const Values& x,
                           std::int32_t rows) {
    const auto cols = static_cast<std::int32_t>(x.size()) / rows;
    std::vector<Values> outs(samples.size());
    for (std::int32_t r = 0; r < rows; ++r) {
      const Values row = products(on, samples, rows_of(x, cols, r, 1), 1);
      std::size_t at = 0;
      for (std::size_t s = 0; s < samples.size(); ++s) {
        const auto n = static_cast<std::size_t>(samples[s].source().rows);
        outs[s].insert(outs[s].end(), row.begin() + static_cast<std::ptrdiff_t>(at),
                       row.begin() + static_cast<std::ptrdiff_t>(at + n));
        at += n;
      }
    }
    Values all;
    for (const Values& out : outs) all.insert(all.end(), out.begin(), out.end());
    return all;
  }

  static std::vector<WeightSample> pair_of(const AffineFormat& format) {
    return {WeightSample::affine({kOutputs, kCols}, format, 1),
            WeightSample::affine({33, kCols}, format, 2)};
  }
  static std::vector<WeightSample> pair_of(DType dtype, std::int32_t cols) {
    return {WeightSample::dense({kOutputs, cols}, dtype, 1),
            WeightSample::dense({33, cols}, dtype, 2)};
  }

  /// The default's rows one by one are what every choice must give.
  static void expect_no_difference(const std::vector<WeightSample>& samples,
                                   std::span<const OpenClTuning> tunings, std::int32_t rows) {
    const auto cols = static_cast<std::size_t>(samples.front().source().cols);
    const Values x = random_values(cols * static_cast<std::size_t>(rows), 5, 2.0F);
    const Values expected = one_by_one(*make_opencl_backend({}), samples, x, rows);
    for (const OpenClTuning& tuning : tunings) {
      const auto backend = make_opencl_backend({.tuning = tuning});
      expect_same_bits(products(*backend, samples, x, rows), expected,
                       samples.front().name() + ", tile " + std::to_string(tuning.tile) +
                           ", columns " + std::to_string(tuning.columns) + ", products " +
                           std::to_string(static_cast<int>(tuning.products)));
    }
  }

  /// Those that the device has room for, from `first` on.
  static std::vector<OpenClTuning> tiles(std::size_t first, std::size_t step,
                                         CodeProducts products) {
    std::vector<OpenClTuning> tunings;
    const auto shapes = opencl::tile_shapes();
    for (std::size_t tile = first; tile < shapes.size(); tile += step) {
      if (!opencl::fits(shapes[tile], opencl::device_at(0))) continue;
      tunings.push_back({.products = products, .tile = static_cast<std::int32_t>(tile) + 1});
    }
    return tunings;
  }
};

// PoCL takes seconds per program: every tile with one format, two of them with the others.
TEST_F(OpenClTuned, TilesOfDenseWeightsGiveTheBitsOfOneRow) {
  expect_no_difference(pair_of(DType::f32, 415), tiles(1, 1, CodeProducts::floats), kRows);
  expect_no_difference(pair_of(DType::bf16, 415), tiles(1, 2, CodeProducts::floats), kRows);
  expect_no_difference(pair_of(DType::f16, 33), tiles(1, 2, CodeProducts::floats), kRows);
}

TEST_F(OpenClTuned, TilesOfAffineWeightsGiveTheBitsOfOneRow) {
  const auto samples = pair_of({.bits = 4, .group = 32});
  expect_no_difference(samples, tiles(1, 2, CodeProducts::floats), kRows);
  expect_no_difference(samples, tiles(1, 1, CodeProducts::bytes), kRows);
  expect_no_difference(pair_of({.bits = 3, .group = 32}), tiles(1, 3, CodeProducts::floats), kRows);
  expect_no_difference(pair_of({.bits = 8, .group = 32}), tiles(2, 3, CodeProducts::bytes), kRows);
}

TEST_F(OpenClTuned, VectorsAndLanesGiveTheBitsOfOneRow) {
  constexpr auto kBytes = CodeProducts::bytes, kFloats = CodeProducts::floats;
  const OpenClTuning tunings[] = {
      {.lanes = 8, .many_rows = 16, .columns = 1, .products = kBytes},
      {.lanes = 1, .many_rows = 8, .columns = 16, .products = kBytes},
      {.lanes = 4, .many_rows = 8, .columns = 1, .products = kFloats},
      {.lanes = 2, .many_rows = 16, .columns = 2, .products = kFloats},
      {.lanes = 1, .many_rows = 8, .columns = 4, .products = kFloats},
      {.lanes = 2, .many_rows = 8, .columns = 8, .products = kFloats},
  };
  expect_no_difference(pair_of({.bits = 5, .group = 32}), tunings, 5);
  expect_no_difference(pair_of(DType::f16, 415), tunings, 5);
}

// Small enough for tools/check_opencl.sh.
TEST_F(OpenClTuned, TileLargerThanTheMatricesStaysInside) {
  const std::vector<WeightSample> samples = {
      WeightSample::affine({33, 64}, {.bits = 4, .group = 32}, 1),
      WeightSample::affine({5, 64}, {.bits = 4, .group = 32}, 2)};
  expect_no_difference(samples, tiles(3, 1, CodeProducts::bytes), 33);
  expect_no_difference({WeightSample::dense({33, 37}, DType::f16, 1)},
                       tiles(3, 1, CodeProducts::floats), 33);
}

// The largest sum that a group can have, 128 * 255 * 127, is exact as f32 as well.
TEST_F(OpenClTuned, FloatProductsOfTheLargestCodesAreExact) {
  const auto sample = WeightSample::affine({8, 128}, {.bits = 8, .group = 128}, 3);
  std::vector<std::byte> codes(8 * 128, std::byte{255});
  WeightSource source = sample.source();
  source.affine->codes = codes.data();
  const Values x(std::size_t{128} * kRows, 1.0F);
  std::vector<Values> results;
  for (const CodeProducts products : {CodeProducts::bytes, CodeProducts::floats}) {
    const auto backend = make_opencl_backend({.tuning = {.products = products}});
    const auto weight = backend->prepare_weight(source);
    for (const std::int32_t rows : {kRows, 1}) {
      const OwnedMatrix in = make_matrix(*backend, rows_of(x, 128, 0, rows), rows, 128);
      const OwnedMatrix out = make_output(*backend, rows, 8);
      const LinearTerm term{weight.get(), nullptr, out.view};
      backend->linear(in.view, {&term, 1});
      results.push_back(rows_of(read(*backend, out.view), 8, 0, 1));
    }
  }
  for (const Values& result : results) expect_same_bits(result, results.front(), "255 x 127");
}

TEST_F(OpenClTuned, TileThatDoesNotExistIsRefusedByName) {
  EXPECT_THAT([] { make_opencl_backend({.tuning = {.tile = 99}}); },
              testing::ThrowsMessage<DeviceError>(testing::HasSubstr("tile 99 does not exist")));
}

}  // namespace
}  // namespace quire::kernels
