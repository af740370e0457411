#include <cmath>
#include <limits>
#include <numbers>

#include "tests/kernels/backend_fixture.h"

namespace quire::kernels {
namespace {

constexpr Activation kAll[] = {Activation::silu, Activation::gelu, Activation::gelu_tanh};

class GatedActivation : public BackendTest {
 protected:
  Values run(Backend& on, Activation kind, const Values& gate, const Values& up, std::int32_t rows,
             Placement placement = {}) {
    const auto width = static_cast<std::int32_t>(gate.size()) / rows;
    const OwnedMatrix gates = make_matrix(on, gate, rows, width, placement);
    const OwnedMatrix ups = make_matrix(on, up, rows, width, {placement.gap, placement.offset});
    const OwnedMatrix out = make_output(on, rows, width, placement);
    on.gated_activation({.kind = kind, .gate = gates.view, .up = ups.view, .out = out.view});
    expect_surroundings_untouched(on, out, "out");
    return read(on, out.view);
  }
};
QUIRE_ON_EVERY_DEVICE(GatedActivation);

/// How far act(gate) * up may be off, in terms of its exact parts.
double bound_for(Activation kind, double gate, double up, double expected) {
  // Exponential, sum, quotient and product: 3 + 1 + 1 + 1 roundings, and the product with up.
  double half_units = 8;
  double extra = 0.0;
  if (kind == Activation::gelu_tanh) {
    // Five roundings of the exponential's argument count as often as it is large.
    half_units += 5 * std::abs(1.59576912 * (gate + 0.044715 * gate * gate * gate));
    half_units = std::min(half_units, 1e6);
  }
  if (kind == Activation::gelu) {
    // Phi(-|x|) relative: 12 steps of Horner and the quotients (24 in all), and six roundings of
    // the exponential's argument z^2 = x^2 / 2. For x > 0 it is subtracted from 1.
    const double tail = 0.5 * std::erfc(std::abs(gate) / std::numbers::sqrt2);
    extra = std::abs(gate * up) * tail * (24 + 6 * gate * gate / 2) * kEpsilon;
  }
  // What multiplies gate * up may be lost below the smallest normal f32; so may the result.
  const double lost = (std::abs(gate * up) + 1.0) * double{std::numeric_limits<float>::min()};
  return half_units * kEpsilon * std::abs(expected) + extra + lost;
}

std::vector<double> bounds_for(Activation kind, const Values& gate, const Values& up,
                               const Values& expected) {
  std::vector<double> bounds;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    bounds.push_back(bound_for(kind, gate[i], up[i], expected[i]));
  }
  return bounds;
}

TEST_P(GatedActivation, AgreesWithReferenceOverWidthsAndPlacements) {
  for (const Activation kind : kAll) {
    for (const std::int32_t width : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 511, 513, 1100}) {
      const auto count = static_cast<std::size_t>(3 * width);
      const Values gate = random_values(count, 1, 8.0F), up = random_values(count, 2, 3.0F);
      const Placement placement = {width % 4, width % 7};
      const Values expected = run(*reference, kind, gate, up, 3, placement);
      expect_close(
          run(*backend, kind, gate, up, 3, placement), expected,
          bounds_for(kind, gate, up, expected),
          "kind " + std::to_string(static_cast<int>(kind)) + ", width " + std::to_string(width));
    }
  }
}

TEST_P(GatedActivation, AgreesWithReferenceFromTinyToHugeGates) {
  Values gate;
  for (float x = 1e-30F; x < 1e15F; x *= 1.37F) {
    gate.push_back(x);
    gate.push_back(-x);
  }
  for (float x = -110.0F; x < 110.0F; x += 0.0731F) gate.push_back(x);
  const Values up(gate.size(), 1.5F);
  for (const Activation kind : kAll) {
    const Values expected = run(*reference, kind, gate, up, 1);
    expect_close(run(*backend, kind, gate, up, 1), expected, bounds_for(kind, gate, up, expected),
                 "kind " + std::to_string(static_cast<int>(kind)));
  }
}

TEST_P(GatedActivation, WorksInPlaceOnGateAndOnUp) {
  const Values gate = random_values(2 * 37, 1, 4.0F), up = random_values(2 * 37, 2);
  const Values expected = run(*backend, Activation::silu, gate, up, 2);
  for (const bool on_gate : {true, false}) {
    const OwnedMatrix gates = make_matrix(*backend, gate, 2, 37);
    const OwnedMatrix ups = make_matrix(*backend, up, 2, 37);
    const Matrix out = on_gate ? gates.view : ups.view;
    backend->gated_activation(
        {.kind = Activation::silu, .gate = gates.view, .up = ups.view, .out = out});
    expect_same_bits(read(*backend, out), expected, on_gate ? "in gate" : "in up");
  }
}

TEST_P(GatedActivation, PropagatesNaN) {
  const Values gate = {std::numeric_limits<float>::quiet_NaN(), 1.0F};
  for (const Activation kind : kAll) {
    const Values out = run(*backend, kind, gate, {1.0F, 1.0F}, 1);
    EXPECT_TRUE(std::isnan(out[0]));
    EXPECT_FALSE(std::isnan(out[1]));
  }
}

class GatherRows : public BackendTest {};
QUIRE_ON_EVERY_DEVICE(GatherRows);

TEST_P(GatherRows, CopiesRowsInTheOrderAsked) {
  const Values values = random_values(5 * 9, 1);
  const OwnedMatrix x = make_matrix(*backend, values, 5, 9, {3, 2});
  const OwnedMatrix out = make_output(*backend, 3, 9, {1, 1});
  backend->gather_rows(x.view, std::vector<std::int32_t>{4, 0, 4}, out.view);
  Values expected;
  for (const std::int32_t r : {4, 0, 4}) {
    const Values row = rows_of(values, 9, r, 1);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  expect_same_bits(read(*backend, out.view), expected, "gathered");
}

TEST_P(GatherRows, TakesNoRows) {
  const OwnedMatrix x = make_matrix(*backend, {1.0F, 2.0F}, 1, 2);
  const OwnedMatrix out = make_output(*backend, 0, 2);
  backend->gather_rows(x.view, {}, out.view);
}

}  // namespace
}  // namespace quire::kernels
