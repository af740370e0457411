#include <cmath>

#include "tests/kernels/backend_fixture.h"

namespace quire::kernels {
namespace {

class RmsNorm : public BackendTest {
 protected:
  struct Result {
    Values residual, out;
  };

  Result run(Backend& on, std::int32_t rows, std::int32_t width, bool with_delta, float magnitude,
             Placement placement) {
    const auto count = static_cast<std::size_t>(rows * width);
    const OwnedMatrix residual =
        make_matrix(on, random_values(count, 1, magnitude), rows, width, placement);
    const OwnedMatrix delta = make_matrix(on, random_values(count, 2), rows, width, {7, 1});
    const auto gain = make_vector(on, random_values(static_cast<std::size_t>(width), 3, 2.0F));
    const OwnedMatrix out = make_output(on, rows, width, placement);
    on.rms_norm({.residual = residual.view,
                 .delta = with_delta ? &delta.view : nullptr,
                 .gain = gain.get(),
                 .epsilon = 1e-5F,
                 .out = out.view});
    expect_surroundings_untouched(on, residual, "residual");
    expect_surroundings_untouched(on, out, "out");
    return {read(on, residual.view), read(on, out.view)};
  }
};
QUIRE_ON_EVERY_DEVICE(RmsNorm);

// The sum of squares has only positive terms and at most width / 16 + 8 additions in a chain (four
// accumulators of at least four lanes, then their tree); half of its relative error reaches the
// root, and root, division and two products round once each. Twice that for slack in second order.
std::vector<double> bounds_for(const Values& expected, std::int32_t width) {
  std::vector<double> bounds;
  const double relative = 2 * ((width / 16.0 + 8) / 2 + 5) * kEpsilon;
  for (const float value : expected) bounds.push_back(relative * std::abs(double{value}));
  return bounds;
}

TEST_P(RmsNorm, AgreesWithReferenceOverWidthsAndPlacements) {
  for (std::int32_t width = 1; width <= 130; width += width < 35 ? 1 : 13) {
    for (const bool with_delta : {false, true}) {
      const Placement placement = {width % 5, width % 3};
      const Result actual = run(*backend, 3, width, with_delta, 3.0F, placement);
      const Result expected = run(*reference, 3, width, with_delta, 3.0F, placement);
      const std::string what = "width " + std::to_string(width);
      expect_same_bits(actual.residual, expected.residual, what);
      expect_close(actual.out, expected.out, bounds_for(expected.out, width), what);
    }
  }
}

TEST_P(RmsNorm, AgreesWithReferenceOnWideAndOnTinyRows) {
  for (const float magnitude : {1e-4F, 1.0F, 1e4F}) {
    const Result actual = run(*backend, 5, 4099, true, magnitude, {1, 2});
    const Result expected = run(*reference, 5, 4099, true, magnitude, {1, 2});
    expect_close(actual.out, expected.out, bounds_for(expected.out, 4099),
                 "magnitude " + std::to_string(magnitude));
  }
}

TEST_P(RmsNorm, LeavesResidualAloneWithoutDelta) {
  const Result actual = run(*backend, 2, 33, false, 1.0F, {});
  expect_same_bits(actual.residual, random_values(66, 1), "residual");
}

}  // namespace
}  // namespace quire::kernels
