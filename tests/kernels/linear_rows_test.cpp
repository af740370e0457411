// Row independence of linear: a row's outputs have the same bits alone, in any batch, with any
// number of threads, and with its term alone or among others.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"

namespace quire::kernels {
namespace {

constexpr std::int32_t kRows = 33;
constexpr std::int32_t kCols = 640;  // blocks of 256 and of 512 with remainders

/// Which affine formats a test takes: every width with every group, or each width with one group.
enum class Formats { all, each_width };

/// One of each kernel, wide enough that several threads get panels.
std::vector<WeightSample> sample_weights(Formats which) {
  std::vector<WeightSample> weights;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    weights.push_back(WeightSample::dense({161, kCols}, dtype, 1));
  }
  const std::vector<AffineFormat> formats = every_affine_format();
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const bool turn = i % 3 == i / 3 % 3;  // groups take turns
    if (which == Formats::all || turn) {
      weights.push_back(WeightSample::affine({161, kCols}, formats[i], 2));
    }
  }
  return weights;
}

struct Applied {
  std::vector<const Weight*> weights;
  const Values* x = nullptr;
  std::int32_t first = 0;
  std::int32_t count = 0;
  Placement placement = {};
};

/// Outputs of rows [first, first + count) of x, one matrix per weight, by one call.
std::vector<Values> apply(Backend& on, const Applied& args) {
  const OwnedMatrix in = make_matrix(on, rows_of(*args.x, kCols, args.first, args.count),
                                     args.count, kCols, args.placement);
  std::vector<OwnedMatrix> outs;
  std::vector<LinearTerm> terms;
  for (const Weight* weight : args.weights) {
    outs.push_back(make_output(on, args.count, weight->rows(), args.placement));
    terms.push_back({.weight = weight, .bias = nullptr, .out = outs.back().view});
  }
  on.linear(in.view, terms);
  std::vector<Values> results;
  for (const OwnedMatrix& out : outs) results.push_back(read(on, out.view));
  return results;
}

class LinearRowsTest : public BackendTest {
 protected:
  /// An emulated instruction takes microseconds, so there groups take turns.
  Formats formats() const { return is_emulated() ? Formats::each_width : Formats::all; }

  const Values x = random_values(static_cast<std::size_t>(kRows * kCols), 5, 2.0F);
};

TEST_P(LinearRowsTest, BatchSizeAndPlaceInTheBatchLeaveBitsAlone) {
  for (const WeightSample& sample : sample_weights(formats())) {
    const auto weight = backend->prepare_weight(sample.source());
    const std::int32_t n = weight->rows();
    Values alone;
    for (std::int32_t r = 0; r < kRows; ++r) {
      const Values row =
          apply(*backend, {.weights = {weight.get()}, .x = &x, .first = r, .count = 1})[0];
      alone.insert(alone.end(), row.begin(), row.end());
    }
    for (std::int32_t count = 2; count <= kRows; ++count) {
      const std::int32_t first = (count * 7) % (kRows - count + 1);
      const Values batch =
          apply(*backend, {.weights = {weight.get()},
                           .x = &x,
                           .first = first,
                           .count = count,
                           .placement = {.offset = count % 3, .gap = count % 5}})[0];
      expect_same_bits(
          batch, rows_of(alone, n, first, count),
          sample.name() + ", rows " + std::to_string(first) + " + " + std::to_string(count));
    }
  }
}

TEST_P(LinearRowsTest, BatchesBeyondOnePassLeaveBitsAlone) {
  constexpr std::int32_t kMany = 600;  // more rows than share a pass over a panel
  for (const WeightSample& sample : {WeightSample::dense({33, kCols}, DType::bf16, 6),
                                     WeightSample::affine({33, kCols}, {.bits = 4}, 7)}) {
    const auto weight = backend->prepare_weight(sample.source());
    const Values many = random_values(static_cast<std::size_t>(kMany * kCols), 8);
    const Values batch =
        apply(*backend, {.weights = {weight.get()}, .x = &many, .first = 0, .count = kMany})[0];
    for (const std::int32_t r : {0, 255, 511, 512, 513, 599}) {
      const Values row =
          apply(*backend, {.weights = {weight.get()}, .x = &many, .first = r, .count = 1})[0];
      expect_same_bits(rows_of(batch, 33, r, 1), row, sample.name() + ", row " + std::to_string(r));
    }
  }
}

TEST_P(LinearRowsTest, ThreadCountLeavesBitsAlone) {
  for (const WeightSample& sample : sample_weights(formats())) {
    Values expected;
    for (const std::int32_t threads : {1, 2, 3, 5, 8}) {
      const auto other = make_backend(threads);
      const auto weight = other->prepare_weight(sample.source());
      for (const std::int32_t count : {1, 9, kRows}) {
        const Values y =
            apply(*other, {.weights = {weight.get()}, .x = &x, .first = 0, .count = count})[0];
        if (threads == 1 && count == 1) expected = y;
        expect_same_bits(rows_of(y, weight->rows(), 0, 1), expected,
                         sample.name() + ", " + std::to_string(threads) + " threads");
      }
    }
  }
}

TEST_P(LinearRowsTest, OtherTermsLeaveBitsAlone) {
  const std::vector<WeightSample> samples = sample_weights(formats());
  std::vector<std::unique_ptr<Weight>> weights;
  Applied all{.weights = {}, .x = &x, .first = 0, .count = 7, .placement = {}};
  for (const WeightSample& sample : samples) {
    weights.push_back(backend->prepare_weight(sample.source()));
    all.weights.push_back(weights.back().get());
  }
  const std::vector<Values> fused = apply(*backend, all);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Applied one = all;
    one.weights = {weights[i].get()};
    expect_same_bits(fused[i], apply(*backend, one)[0], samples[i].name());
  }
}

QUIRE_ON_EVERY_DEVICE(LinearRowsTest);

}  // namespace
}  // namespace quire::kernels
