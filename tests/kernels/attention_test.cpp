#include <algorithm>
#include <cmath>

#include "kernels/dtype.h"
#include "tests/kernels/attention_harness.h"

namespace quire::kernels {
namespace {

class Attention : public BackendTest {
 protected:
  void expect_agreement(const AttentionShape& shape, std::int32_t rows, const std::string& what) {
    const SequenceValues sequence = random_sequence(shape, rows, 7);
    expect_close(attend_alone(*backend, shape, sequence), attend_alone(*reference, shape, sequence),
                 {bound_for(shape, sequence)}, what);
  }

  /// A score is off by at most head_dim / 2 + 4 roundings of scale * sum |q| |k| <= S (two chains
  /// and the scaling), plus 7 for rotated q and K each; a weight by twice the worst score, by one
  /// rounding of the exponential's argument (at most 2 S) and 4 of its own. Numerator and
  /// denominator both carry that, and up to 2 roundings per position.
  double bound_for(const AttentionShape& shape, const SequenceValues& sequence) const {
    double q = 0, k = 0, v = 0;
    for (const float x : sequence.q) q = std::max(q, std::abs(double{x}));
    for (const float x : sequence.k) k = std::max(k, std::abs(double{x}));
    for (const float x : sequence.v) v = std::max(v, std::abs(double{x}));
    const double scores = std::sqrt(shape.head_dim) * q * k;
    const double roundings = shape.head_dim / 2.0 + 4 + (shape.rotated ? 14 : 0);
    const double weight = 2 * roundings * scores + 2 * scores + 4;
    return v * kEpsilon * (2 * weight + 2 * sequence.rows + 8);
  }
};
QUIRE_ON_EVERY_DEVICE(Attention);

TEST_P(Attention, AgreesWithReferenceOverHeadDims) {
  for (const std::int32_t dim : {2, 6, 8, 10, 34, 64, 80, 96, 128, 256}) {
    expect_agreement({.head_dim = dim}, 37, "head_dim " + std::to_string(dim));
  }
}

TEST_P(Attention, AgreesWithReferenceOverHeadCounts) {
  const std::pair<std::int32_t, std::int32_t> counts[] = {{1, 1}, {3, 3}, {2, 1},  {3, 1},
                                                          {7, 1}, {9, 1}, {14, 2}, {15, 3}};
  for (const auto& [heads, kv_heads] : counts) {
    expect_agreement({.heads = heads, .kv_heads = kv_heads, .head_dim = 16}, 33,
                     std::to_string(heads) + " heads of " + std::to_string(kv_heads));
  }
}

TEST_P(Attention, AgreesWithReferenceAtBlockAndGroupBoundaries) {
  for (const std::int32_t rows : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 200}) {
    expect_agreement({.head_dim = 8}, rows, std::to_string(rows) + " rows");
  }
}

TEST_P(Attention, AgreesWithReferenceInsideWindows) {
  for (const std::int32_t window : {1, 2, 3, 15, 16, 17, 63, 64, 65, 100, 149, 150, 151}) {
    expect_agreement({.heads = 3, .kv_heads = 1, .head_dim = 8, .window = window}, 150,
                     "window " + std::to_string(window));
  }
}

TEST_P(Attention, AgreesWithReferenceOnBf16Cache) {
  for (const std::int32_t dim : {8, 34, 64, 80, 128}) {
    expect_agreement({.head_dim = dim, .dtype = DType::bf16, .rotated = false}, 70,
                     "head_dim " + std::to_string(dim));
  }
  for (const std::int32_t window : {1, 2, 17, 63}) {
    expect_agreement({.heads = 8,
                      .kv_heads = 2,
                      .head_dim = 16,
                      .dtype = DType::bf16,
                      .window = window,
                      .rotated = false},
                     100, "window " + std::to_string(window));
  }
}

// With a window of one position the only weight is exactly 1.
TEST_P(Attention, ReturnsTheStoredValueUnderAWindowOfOne) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const AttentionShape shape = {
        .heads = 2, .kv_heads = 2, .head_dim = 20, .dtype = dtype, .window = 1};
    SequenceValues sequence = random_sequence(shape, 35, 3);
    // Ties of bfloat16: to even, down and up.
    sequence.v[0] = 1.0F + 0x1p-8F;
    sequence.v[1] = 1.0F + 0x3p-8F;
    Values expected = sequence.v;
    if (dtype == DType::bf16) {
      for (float& x : expected) x = f32_from_bf16(bf16_from_f32(x));
      EXPECT_EQ(expected[0], 1.0F);
      EXPECT_EQ(expected[1], 1.0F + 0x4p-8F);
    }
    expect_same_bits(attend_alone(*backend, shape, sequence), expected,
                     std::string(name_of(dtype)));
  }
}

TEST_P(Attention, StaysFiniteWithScoresFarApart) {
  const AttentionShape shape = {.head_dim = 8, .rotated = false};
  SequenceValues sequence = random_sequence(shape, 90, 5);
  for (float& x : sequence.q) x *= 50.0F;
  for (float& x : sequence.k) x *= 50.0F;
  const Values out = attend_alone(*backend, shape, sequence);
  for (const float x : out) ASSERT_TRUE(std::isfinite(x));
  expect_close(out, attend_alone(*reference, shape, sequence), {bound_for(shape, sequence)}, "far");
}

TEST_P(Attention, AgreesWithReferenceOnAMixedBatch) {
  const AttentionShape shape = {.heads = 6, .kv_heads = 2, .head_dim = 24};
  const std::vector<SequenceValues> sequences = {
      random_sequence(shape, 50, 1), random_sequence(shape, 1, 2), random_sequence(shape, 81, 3)};
  // Prefill of one beside decode of another, rows of a third in between.
  const Schedule schedule = {{{0, 49}, {2, 30}}, {{2, 50}, {1, 1}, {0, 1}}, {{2, 1}}};
  const std::vector<Values> actual = attend(*backend, shape, sequences, schedule);
  const std::vector<Values> expected = attend(*reference, shape, sequences, schedule);
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    expect_close(actual[s], expected[s], {bound_for(shape, sequences[s])},
                 "sequence " + std::to_string(s));
  }
}

TEST_P(Attention, RefusesUnsupportedCaches) {
  EXPECT_THROW(backend->make_kv_cache({1, 1, 1, 8, DType::f16}), DeviceError);
  EXPECT_THROW(backend->make_kv_cache({1, 1, 1, 7, DType::f32}), DeviceError);
}

}  // namespace
}  // namespace quire::kernels
