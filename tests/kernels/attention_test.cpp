#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "kernels/dtype.h"
#include "tests/kernels/attention_harness.h"

namespace quire::kernels {
namespace {

class Attention : public BackendTest {
 protected:
  /// With a bf16 cache queries are bf16 numbers, unless `any_queries`: so what they lose by rounding
  /// does not hide anything else.
  void expect_agreement(const AttentionShape& shape, std::int32_t rows, const std::string& what,
                        bool any_queries = false) {
    SequenceValues sequence = random_sequence(shape, rows, 7);
    if (shape.dtype == DType::bf16 && !any_queries) {
      ASSERT_FALSE(shape.rotated) << "rotated queries are no bf16 numbers";
      for (float& x : sequence.q) x = f32_from_bf16(bf16_from_f32(x));
    }
    expect_close(attend_alone(*backend, shape, sequence), attend_alone(*reference, shape, sequence),
                 {bound_for(shape, sequence)}, what);
  }

  /// A score is off by at most head_dim / 2 + 4 roundings of scale * sum |q| |k| <= S (two chains
  /// and the scaling), plus 7 for rotated q and K each; a weight by twice the worst score, by one
  /// rounding of the exponential's argument (at most 2 S) and 4 of its own. Numerator and
  /// denominator both carry that, and up to 2 roundings per position.
  ///
  /// With an int8 cache q and the weights are rounded to codes of 1/32767 of the largest: a score
  /// is off by S / 65534 more (and 8 roundings of S), a group of 64 weights by 64 / 65534 of its
  /// largest in all, which is at most the sum of the weights.
  ///
  /// A device that rounds to bf16 (2^-9) does so with q, hence a score is off by so much of S more
  /// where a query is no bf16 number, and with every weight; its scores are one chain.
  double bound_for(const AttentionShape& shape, const SequenceValues& sequence) const {
    double q = 0, k = 0, v = 0;
    for (const float x : sequence.q) q = std::max(q, std::abs(double{x}));
    for (const float x : sequence.k) k = std::max(k, std::abs(double{x}));
    for (const float x : sequence.v) v = std::max(v, std::abs(double{x}));
    const double scores = std::sqrt(shape.head_dim) * q * k;
    const bool int8 = shape.dtype == DType::int8;
    const bool bf16 = shape.dtype == DType::bf16 && GetParam().rounds_to_bf16;
    const double code = int8 ? 1 / 65534.0 / kEpsilon : 0;
    const double half = bf16 ? 0x1p-9 / kEpsilon : 0;
    const bool exact_q = std::all_of(sequence.q.begin(), sequence.q.end(), [](float x) {
      return f32_from_bf16(bf16_from_f32(x)) == x;
    });
    const double q_half = exact_q ? 0 : half;
    const double chain = bf16 ? shape.head_dim + 4.0 : shape.head_dim / 2.0 + 4;
    const double roundings = (int8 ? 8 + code : chain + q_half) + (shape.rotated ? 14 : 0);
    const double weight = 2 * roundings * scores + 2 * scores + 4 + half;
    return v * kEpsilon * (2 * weight + 2 * sequence.rows + 8 + 64 * code);
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

TEST_P(Attention, AgreesWithReferenceOnBf16CacheForAnyQueries) {
  for (const std::int32_t dim : {8, 34, 64, 128}) {
    expect_agreement({.head_dim = dim, .dtype = DType::bf16, .rotated = false}, 70,
                     "head_dim " + std::to_string(dim), true);
  }
}

TEST_P(Attention, AgreesWithReferenceOnInt8Cache) {
  for (const std::int32_t dim : {4, 8, 20, 64, 80, 128, 256}) {
    expect_agreement({.head_dim = dim, .dtype = DType::int8, .rotated = false}, 70,
                     "head_dim " + std::to_string(dim));
  }
  for (const std::int32_t window : {1, 2, 17, 63}) {
    expect_agreement({.heads = 18,
                      .kv_heads = 2,
                      .head_dim = 16,
                      .dtype = DType::int8,
                      .window = window,
                      .rotated = false},
                     100, "window " + std::to_string(window));
  }
}

TEST_P(Attention, AgreesWithReferenceAcrossPartitions) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::int8}) {
    for (const std::int32_t window : {0, 200, 256, 300}) {
      const AttentionShape shape = {.heads = 3,
                                    .kv_heads = 1,
                                    .head_dim = 8,
                                    .dtype = dtype,
                                    .window = window,
                                    .rotated = false};
      expect_agreement(shape, 530, std::string(name_of(dtype)) + ", window " +
                                       std::to_string(window));
    }
  }
}

// Scores that fall or rise from partition to partition, so that each merge has to rescale.
TEST_P(Attention, AgreesWithReferenceWherePartitionsDifferMuch) {
  for (const float slope : {-0.05F, 0.05F}) {
    const AttentionShape shape = {.heads = 2, .kv_heads = 1, .head_dim = 4, .rotated = false};
    SequenceValues sequence = random_sequence(shape, 600, 9);
    for (std::size_t i = 0; i < sequence.k.size(); ++i) {
      sequence.k[i] = i % 4 == 0 ? slope * static_cast<float>(i / 4) : 0.1F * sequence.k[i];
    }
    for (std::size_t i = 0; i < sequence.q.size(); i += 4) sequence.q[i] = 1.0F;
    expect_close(attend_alone(*backend, shape, sequence),
                 attend_alone(*reference, shape, sequence), {bound_for(shape, sequence)},
                 "slope " + std::to_string(slope));
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

// The rule of the codes, at its edges: ties to even, the largest element, elements too small to
// count. Two roundings come with the weight's own code and one with the result.
TEST_P(Attention, ReturnsTheStoredValueOfAnInt8CacheUnderAWindowOfOne) {
  const AttentionShape shape = {
      .heads = 2, .kv_heads = 2, .head_dim = 20, .dtype = DType::int8, .window = 1};
  SequenceValues sequence = random_sequence(shape, 35, 3);
  const float edges[] = {127.0F, -127.0F, 0.5F, 1.5F, 2.5F, -0.5F, -3.5F, 126.5F, 0.49F, 1e-30F};
  std::copy(std::begin(edges), std::end(edges), sequence.v.begin());
  std::fill_n(sequence.v.begin() + 20, 20, 0x1p-110F);
  Values expected;
  std::vector<double> bounds;
  for (auto head = sequence.v.begin(); head != sequence.v.end(); head += 20) {
    float largest = 0.0F;
    for (auto x = head; x != head + 20; ++x) largest = std::max(largest, std::abs(*x));
    const bool counts = largest >= 0x1p-100F;
    for (auto x = head; x != head + 20; ++x) {
      const float code = counts ? std::nearbyint(*x * (127.0F / largest)) : 0.0F;
      expected.push_back(code * (largest / 127.0F));
      bounds.push_back(4 * kEpsilon * std::abs(double{expected.back()}));
    }
  }
  EXPECT_EQ(expected[2], 0.0F);
  EXPECT_EQ(expected[3], 2.0F);
  EXPECT_EQ(expected[6], -4.0F);
  expect_close(attend_alone(*backend, shape, sequence), expected, bounds, "int8");
}

// A token that is not finite spoils the rows that see it, in an int8 cache too, and no others.
TEST_P(Attention, KeepsATokenThatIsNotFiniteToTheRowsThatSeeIt) {
  for (const bool in_keys : {true, false}) {
    const AttentionShape shape = {
        .heads = 2, .kv_heads = 1, .head_dim = 8, .dtype = DType::int8, .rotated = false};
    SequenceValues sequence = random_sequence(shape, 30, 4);
    const Values healthy = attend_alone(*backend, shape, sequence);
    (in_keys ? sequence.k : sequence.v)[17 * 8 + 3] = std::numeric_limits<float>::infinity();
    const Values out = attend_alone(*backend, shape, sequence);
    expect_same_bits(rows_of(out, 16, 0, 17), rows_of(healthy, 16, 0, 17), "rows before");
    for (const float x : rows_of(out, 16, 17, 13)) ASSERT_TRUE(std::isnan(x));
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
  EXPECT_THROW(backend->make_kv_cache({1, 1, 1, 6, DType::int8}), DeviceError);
  EXPECT_THROW(backend->make_kv_cache({1, 1, 1, 516, DType::int8}), DeviceError);
}

}  // namespace
}  // namespace quire::kernels
