#include "kernels/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/backend_fixture.h"

namespace quire::kernels {
namespace {

struct RopeGolden {
  RopeSpec spec;
  double magnitude;
  std::vector<float> inverse;
};

const std::vector<RopeGolden>& goldens() {
  static const std::vector<RopeGolden> all = {
#include "tests/kernels/rope_goldens.inc"
  };
  return all;
}

// Both sides round each step to f32; the power may differ by a unit in the last place, and the YaRN
// blend adds three roundings to each: 8 half units in all.
TEST(RopeFrequencies, AgreeWithTransformers) {
  for (const RopeGolden& golden : goldens()) {
    const RopeFrequencies made = make_rope_frequencies(golden.spec);
    std::vector<double> bounds;
    for (const float inverse : golden.inverse) bounds.push_back(8 * kEpsilon * double{inverse});
    expect_close(made.inverse, golden.inverse, bounds,
                 "scaling " + std::to_string(static_cast<int>(golden.spec.scaling)) + ", theta " +
                     std::to_string(golden.spec.theta));
    EXPECT_NEAR(made.magnitude, golden.magnitude, 2 * kEpsilon * golden.magnitude);
  }
}

TEST(RopeFrequencies, EqualLlama3FactorsHaveNoBlendedBand) {
  const RopeSpec plain = {.rotary_dim = 64, .theta = 10000.0};
  RopeSpec spec = plain;
  spec.scaling = RopeScaling::llama3;
  spec.factor = 4.0;
  spec.low_freq_factor = spec.high_freq_factor = 2.0;
  spec.original_max_position = 1024;
  const auto unscaled = make_rope_frequencies(plain).inverse;
  const auto scaled = make_rope_frequencies(spec).inverse;
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    EXPECT_TRUE(scaled[i] == unscaled[i] || scaled[i] == unscaled[i] / 4.0F) << i;
  }
  EXPECT_EQ(scaled.front(), unscaled.front());
  EXPECT_EQ(scaled.back(), unscaled.back() / 4.0F);
}

class RopeAngles : public BackendTest {};
QUIRE_ON_EVERY_DEVICE(RopeAngles);

// The angle is the same f32 on both sides; cosf and sinf are within one unit in the last place of
// at most 1, one more rounding is the magnitude's.
TEST_P(RopeAngles, AreCosineAndSineOfTheF32Angle) {
  const RopeFrequencies frequencies =
      make_rope_frequencies({.scaling = RopeScaling::yarn, .rotary_dim = 48, .factor = 4.0});
  const std::vector<BlockId> blocks(9000);
  const std::vector<SequenceRows> sequences = {
      {0, 3, 0, blocks}, {3, 5, 131070, blocks}, {8, 1, 17, blocks}};
  const BatchView batch = {9, sequences};
  reference->begin_step(batch);
  backend->begin_step(batch);
  const OwnedMatrix expected = make_output(*reference, 9, 48, {3, 5});
  const OwnedMatrix actual = make_output(*backend, 9, 48, {3, 5});
  reference->rope_angles(frequencies, expected.view);
  backend->rope_angles(frequencies, actual.view);
  expect_close(read(*backend, actual.view), read(*reference, expected.view),
               {4 * kEpsilon * double{frequencies.magnitude}}, "angles");
}

class RopeStore : public BackendTest {
 protected:
  struct Rotated {
    Values q, k;
  };

  /// q and k after rope_store; kv_heads = 3, rows at positions 5 .. 5 + rows.
  Rotated rotate(Backend& on, std::int32_t rows, std::int32_t dim, std::int32_t rotary,
                 bool normed) {
    constexpr std::int32_t kHeads = 6, kKvHeads = 3;
    const auto elements = [&](std::int32_t heads) {
      return static_cast<std::size_t>(rows * heads * dim);
    };
    const std::vector<BlockId> blocks = {BlockId{2}, BlockId{0}, BlockId{1}};
    const std::vector<SequenceRows> sequences = {{0, rows, 5, blocks}};
    on.begin_step({rows, sequences});
    const auto cache = on.make_kv_cache({2, 3, kKvHeads, dim, DType::f32});
    const OwnedMatrix q =
        make_matrix(on, random_values(elements(kHeads), 1), rows, kHeads * dim, {1, 3});
    const OwnedMatrix k =
        make_matrix(on, random_values(elements(kKvHeads), 2), rows, kKvHeads * dim, {2, 0});
    const OwnedMatrix v =
        make_matrix(on, random_values(elements(kKvHeads), 3), rows, kKvHeads * dim, {0, 1});
    const OwnedMatrix angles = make_output(on, rows, rotary);
    on.rope_angles(make_rope_frequencies({.rotary_dim = rotary}), angles.view);
    const auto gain = make_vector(on, random_values(static_cast<std::size_t>(dim), 4, 2.0F));
    on.rope_store({.q = q.view,
                   .k = k.view,
                   .v = v.view,
                   .angles = angles.view,
                   .q_gain = normed ? gain.get() : nullptr,
                   .k_gain = normed ? gain.get() : nullptr,
                   .head_dim = dim,
                   .cache = cache.get(),
                   .layer = 1});
    return {read(on, q.view), read(on, k.view)};
  }
};
QUIRE_ON_EVERY_DEVICE(RopeStore);

// |rotated| <= |a| + |b| with cosine and sine within 4 eps and three roundings: 2 * 7 eps of the
// largest element before rotation. Values are below 1, or, normed, below sqrt(dim) * 2 with a
// relative error of (dim / 16 + 8) / 2 + 5 eps (see norm_test).
TEST_P(RopeStore, RotatesQueryAndKey) {
  for (const std::int32_t dim : {8, 64, 80, 128}) {
    for (const std::int32_t rotary : {dim, dim / 2, 2}) {
      for (const bool normed : {false, true}) {
        const Rotated actual = rotate(*backend, 19, dim, rotary, normed);
        const Rotated expected = rotate(*reference, 19, dim, rotary, normed);
        const double largest = normed ? 2 * std::sqrt(dim) : 1.0;
        const double own = normed ? (dim / 16.0 + 8) / 2 + 5 : 0.0;
        const double bound = 2 * (7 + own) * kEpsilon * largest;
        const std::string what = "head_dim " + std::to_string(dim) + ", rotary " +
                                 std::to_string(rotary) + (normed ? ", normed" : "");
        expect_close(actual.q, expected.q, {bound}, "q, " + what);
        expect_close(actual.k, expected.k, {bound}, "k, " + what);
      }
    }
  }
}

}  // namespace
}  // namespace quire::kernels
