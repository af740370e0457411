// linear against the reference backend. Bounds are worst-case rounding analysis (Higham, "Accuracy
// and Stability of Numerical Algorithms", section 3.1): a sum of products whose longest chain has n
// roundings is off by at most n * epsilon * sum |x w|, plus what quantising the activations adds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/isa.h"
#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"

namespace quire::kernels {
namespace {

constexpr std::int32_t kPanel = 32;  // output columns that the packing rounds N up to

/// Roundings that the kernels add beyond the chains: the product, merging two chains, the bias, the
/// reference's own result, and second-order terms.
constexpr double kExtraRoundings = 6.0;

/// Half the distance from 1 to the next bf16.
constexpr double kBf16Epsilon = 0x1p-8;
constexpr double kSmallestNormal = 0x1p-126;

/// How a level multiplies a weight (kernels/README.md, "How linear computes").
enum class Arithmetic {
  f32,    // dense: everything in f32
  codes,  // affine: integer sums of codes and int8 activations
  dots,   // dense bf16: activations rounded to bf16, a chain of 256 k
  tiles,  // activations and affine weights rounded to bf16, products of 32 k at a time
};

Arithmetic arithmetic_of(const cpu::LinearKernels& kernels, const WeightSample& weight) {
  if (weight.is_affine()) {
    return kernels.code_order == cpu::CodeOrder::words ? Arithmetic::tiles : Arithmetic::codes;
  }
  if (weight.dtype() != DType::bf16 || kernels.bf16_panel == nullptr) return Arithmetic::f32;
  return kernels.code_order == cpu::CodeOrder::words ? Arithmetic::tiles : Arithmetic::dots;
}

/// Roundings of the longest chain.
double roundings(const WeightSample& weight, Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::f32: {
      const double chain = std::min(weight.cols() / 2 + 1, 128);  // even or odd k of a block of 256
      return chain + weight.cols() / 256 + kExtraRoundings;
    }
    case Arithmetic::codes:  // per group: product, sum, then one addition per group
      return weight.cols() / weight.group() + kExtraRoundings;
    case Arithmetic::dots:
      return std::min(weight.cols(), 256) + weight.cols() / 256 + kExtraRoundings;
    case Arithmetic::tiles:  // even or odd k of 32, their sum, then one addition per 32
      return 16 + 1 + weight.cols() / 32 + kExtraRoundings;
  }
  return 0.0;
}

/// Half a step of the row's group at k, with the rounding of step, inverse and product on top.
double quantisation_error(const WeightSample& weight, const float* x, std::int32_t k) {
  const float* begin = x + k / weight.group() * weight.group();
  double largest = 0.0;
  for (std::int32_t i = 0; i < weight.group(); ++i) {
    largest = std::max(largest, std::fabs(double{begin[i]}));
  }
  return largest / 127.0 * (0.5 + 127.0 * 4.0 * kEpsilon);
}

/// What changing the activation's form may do to x[k].
double activation_error(const WeightSample& weight, Arithmetic arithmetic, const float* x,
                        std::int32_t k) {
  switch (arithmetic) {
    case Arithmetic::f32:
      return 0.0;
    case Arithmetic::codes:
      return quantisation_error(weight, x, k);
    case Arithmetic::dots:
    case Arithmetic::tiles:
      return std::fabs(double{x[k]}) * kBf16Epsilon;
  }
  return 0.0;
}

/// An affine weight on tiles is rounded to f32, then to bf16.
double weight_error(const WeightSample& weight, Arithmetic arithmetic, std::int32_t n,
                    std::int32_t k) {
  if (!weight.is_affine() || arithmetic != Arithmetic::tiles) return 0.0;
  return std::fabs(weight.value(n, k)) * ((1.0 + kEpsilon) * (1.0 + kBf16Epsilon) - 1.0);
}

/// What rounding errors scale with: where scale and bias are applied to sums, their sizes.
double weight_size(const WeightSample& weight, Arithmetic arithmetic, std::int32_t n,
                   std::int32_t k) {
  if (arithmetic == Arithmetic::codes) return weight.magnitude(n, k);
  return std::fabs(weight.value(n, k)) + weight_error(weight, arithmetic, n, k);
}

enum class Activations { any, exactly_representable };

/// One bound per output of x [rows, K].
std::vector<double> bounds_of(const WeightSample& weight, Arithmetic arithmetic, const Values& x,
                              const Values* bias, Activations kind) {
  const std::int32_t cols = weight.cols();
  const auto rows = static_cast<std::int32_t>(x.size() / static_cast<std::size_t>(cols));
  std::vector<double> bounds;
  for (std::int32_t r = 0; r < rows; ++r) {
    const float* row = x.data() + r * cols;
    std::vector<double> dx(static_cast<std::size_t>(cols), 0.0);
    if (kind == Activations::any) {
      for (std::int32_t k = 0; k < cols; ++k) {
        dx[static_cast<std::size_t>(k)] = activation_error(weight, arithmetic, row, k);
      }
    }
    for (std::int32_t n = 0; n < weight.rows(); ++n) {
      double size = bias == nullptr ? 0.0 : std::fabs(double{(*bias)[static_cast<std::size_t>(n)]});
      double changed = 0.0;
      for (std::int32_t k = 0; k < cols; ++k) {
        const double error = dx[static_cast<std::size_t>(k)];
        const double value = std::fabs(double{row[k]});
        size += weight_size(weight, arithmetic, n, k) * (value + error);
        changed += std::fabs(weight.value(n, k)) * error +
                   weight_error(weight, arithmetic, n, k) * (value + error);
      }
      bounds.push_back(changed + roundings(weight, arithmetic) * kEpsilon * size);
    }
  }
  return bounds;
}

/// y = x W^T (+ bias) of one weight on one backend, at the placement.
Values apply(Backend& on, const WeightSample& weight, const Values& x, const Values* bias,
             Placement placement = {}) {
  const auto rows = static_cast<std::int32_t>(x.size()) / weight.cols();
  const auto prepared = on.prepare_weight(weight.source());
  const auto bias_buffer = bias == nullptr ? nullptr : make_vector(on, *bias);
  const OwnedMatrix in = make_matrix(on, x, rows, weight.cols(), placement);
  const OwnedMatrix out = make_output(on, rows, weight.rows(), placement);
  const LinearTerm term{.weight = prepared.get(), .bias = bias_buffer.get(), .out = out.view};
  on.linear(in.view, {&term, 1});
  return read(on, out.view);
}

class LinearTest : public BackendTest {
 protected:
  Arithmetic arithmetic(const WeightSample& weight) const {
    for (const cpu::IsaLevel& level : cpu::isa_levels()) {
      if (level.name == isa()) return arithmetic_of(level.kernels->linear, weight);
    }
    return weight.is_affine() ? Arithmetic::codes : Arithmetic::f32;  // OpenCL
  }

  void expect_matches_reference(const WeightSample& weight, const Values& x, const Values* bias,
                                Activations kind = Activations::any, Placement placement = {}) {
    const auto rows = x.size() / static_cast<std::size_t>(weight.cols());
    expect_close(apply(*backend, weight, x, bias, placement), apply(*reference, weight, x, bias),
                 bounds_of(weight, arithmetic(weight), x, bias, kind),
                 weight.name() + ", " + std::to_string(rows) + " rows");
  }
};

Values activations(std::int32_t rows, std::int32_t cols, std::uint32_t seed) {
  return random_values(static_cast<std::size_t>(rows * cols), seed, 3.0F);
}

/// Integers in [-127, 127] with 127 in every 32 columns: quantising them loses nothing.
Values representable_activations(std::int32_t rows, std::int32_t cols, std::uint32_t seed) {
  Values values = random_values(static_cast<std::size_t>(rows * cols), seed, 127.0F);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i % 32 == seed % 32 ? 127.0F : std::nearbyint(values[i]);
  }
  return values;
}

TEST_P(LinearTest, DenseMatchesReferenceForEveryWidthAroundPanels) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (std::int32_t n = 1; n <= 2 * kPanel + 1; ++n) {
      const auto weight = WeightSample::dense({n, 37}, dtype, 100U + static_cast<unsigned>(n));
      expect_matches_reference(weight, activations(3, 37, 7), nullptr);
    }
  }
}

TEST_P(LinearTest, DenseMatchesReferenceForEveryDepthAroundBlocks) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const std::int32_t k : {1, 2, 3, 15, 31, 32, 33, 63, 255, 256, 257, 511, 513, 1031}) {
      const auto weight = WeightSample::dense({33, k}, dtype, 200U + static_cast<unsigned>(k));
      expect_matches_reference(weight, activations(2, k, 8), nullptr);
    }
  }
}

TEST_P(LinearTest, DenseMatchesReferenceForEveryRowCount) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const auto weight = WeightSample::dense({35, 261}, dtype, 300);
    for (std::int32_t rows = 1; rows <= 17; ++rows) {
      expect_matches_reference(weight, activations(rows, 261, 9), nullptr);
    }
  }
}

TEST_P(LinearTest, AffineMatchesReferenceForEveryWidthAroundPanels) {
  for (const AffineFormat& format : every_affine_format()) {
    for (std::int32_t n = 1; n <= 2 * kPanel + 1; n += n == 1 || n % kPanel >= kPanel - 1 ? 1 : 5) {
      const auto weight =
          WeightSample::affine({n, 2 * format.group}, format, 400U + static_cast<unsigned>(n));
      expect_matches_reference(weight, activations(2, weight.cols(), 10), nullptr);
    }
  }
}

TEST_P(LinearTest, AffineMatchesReferenceForEveryRowCountAndDepth) {
  for (const AffineFormat& format : every_affine_format()) {
    for (const std::int32_t groups : {1, 5}) {
      const auto weight = WeightSample::affine({33, groups * format.group}, format, 500);
      for (std::int32_t rows = 1; rows <= 17; ++rows) {
        expect_matches_reference(weight, activations(rows, weight.cols(), 11), nullptr);
      }
    }
  }
}

TEST_P(LinearTest, AffineIsExactToRoundingForRepresentableActivations) {
  for (const AffineFormat& format : every_affine_format()) {
    const auto weight = WeightSample::affine({45, 1152}, format, 600);  // 2 blocks and a part
    for (const std::int32_t rows : {1, 2, 5, 8}) {
      expect_matches_reference(weight, representable_activations(rows, 1152, 12), nullptr,
                               Activations::exactly_representable);
    }
  }
}

TEST_P(LinearTest, AffineSumsExtremeCodesWithoutSaturating) {
  for (const AffineFormat& format : every_affine_format()) {
    const std::int32_t cols = 2 * format.group;
    // Codes of all ones, scale 1, bias 0, so y is the largest sum that the format allows.
    std::vector<std::byte> codes(static_cast<std::size_t>(cols * format.bits / 8), std::byte{0xff});
    const std::vector<float> scales(2, 1.0F);
    const std::vector<float> biases(2, 0.0F);
    const WeightSource source{
        .rows = 1,
        .cols = cols,
        .dense = {},
        .affine = AffineSource{.bits = format.bits,
                               .group = format.group,
                               .scale_dtype = DType::f32,
                               .codes = codes.data(),
                               .scales = reinterpret_cast<const std::byte*>(scales.data()),
                               .biases = reinterpret_cast<const std::byte*>(biases.data())}};
    const auto weight = backend->prepare_weight(source);
    for (const float x : {127.0F, -127.0F}) {
      const OwnedMatrix in =
          make_matrix(*backend, Values(static_cast<std::size_t>(cols), x), 1, cols);
      const OwnedMatrix out = make_output(*backend, 1, 1);
      const LinearTerm term{.weight = weight.get(), .bias = nullptr, .out = out.view};
      backend->linear(in.view, {&term, 1});
      const float expected = x * static_cast<float>(((1 << format.bits) - 1) * cols);
      EXPECT_EQ(read(*backend, out.view)[0], expected) << format.bits << " bits";
    }
  }
}

TEST_P(LinearTest, AddsBiasAndRespectsOffsetsAndStrides) {
  const Values bias = random_values(35, 13, 4.0F);
  for (const Placement placement : {Placement{1, 3}, Placement{5, 1}, Placement{0, 17}}) {
    expect_matches_reference(WeightSample::dense({35, 67}, DType::bf16, 700),
                             activations(7, 67, 14), &bias, Activations::any, placement);
    expect_matches_reference(WeightSample::affine({35, 192}, {.bits = 5}, 701),
                             activations(7, 192, 15), &bias, Activations::any, placement);
  }
}

TEST_P(LinearTest, WritesNothingOutsideItsOutput) {
  const auto weight = WeightSample::dense({35, 64}, DType::f32, 800);
  const auto prepared = backend->prepare_weight(weight.source());
  const OwnedMatrix in = make_matrix(*backend, activations(3, 64, 16), 3, 64);
  const OwnedMatrix out = make_output(*backend, 3, 35, {.offset = 4, .gap = 5});
  const LinearTerm term{.weight = prepared.get(), .bias = nullptr, .out = out.view};
  backend->linear(in.view, {&term, 1});
  const auto floats = static_cast<std::int32_t>(out.buffer->floats());
  const Values all = read(*backend, {out.buffer.get(), 0, 1, floats, floats});
  for (std::int32_t i = 0; i < floats; ++i) {
    const bool inside = i >= 4 && (i - 4) % 40 < 35;
    EXPECT_EQ(std::isnan(all[static_cast<std::size_t>(i)]), !inside) << "float " << i;
  }
}

TEST_P(LinearTest, ZeroActivationsGiveTheBias) {
  const Values bias = random_values(33, 17);
  for (const auto& weight : {WeightSample::dense({33, 96}, DType::f16, 900),
                             WeightSample::affine({33, 96}, {.bits = 3, .group = 32}, 901)}) {
    expect_same_bits(apply(*backend, weight, Values(96, 0.0F), &bias), bias, weight.name());
  }
}

TEST_P(LinearTest, TinyAndHugeActivationsStayFinite) {
  for (const auto& weight : {WeightSample::affine({33, 128}, {.bits = 4}, 902),
                             WeightSample::dense({33, 128}, DType::bf16, 906)}) {
    for (const float magnitude : {0x1p-140F, 0x1p-130F, 0x1p-126F, 0x1p-110F, 0x1p-99F, 0x1p100F}) {
      const Values x = random_values(128, 18, magnitude);
      const Values y = apply(*backend, weight, x, nullptr);
      const Values expected = apply(*reference, weight, x, nullptr);
      std::vector<double> bounds =
          bounds_of(weight, arithmetic(weight), x, nullptr, Activations::any);
      for (std::size_t n = 0; n < y.size(); ++n) {
        const bool counts_as_zero =
            arithmetic(weight) == Arithmetic::codes && magnitude < 0x1p-100F;
        if (counts_as_zero) bounds[n] += std::fabs(double{expected[n]});
        // Below 2^-126 steps are 2^-149, or activations and partial sums count as zero.
        for (std::int32_t k = 0; k < weight.cols(); ++k) {
          bounds[n] += kSmallestNormal * (weight.magnitude(static_cast<std::int32_t>(n), k) + 1.0);
        }
      }
      expect_close(y, expected, bounds,
                   weight.name() + ", magnitude " + std::to_string(std::ilogb(magnitude)));
    }
  }
}

TEST_P(LinearTest, NonFiniteActivationsSpoilTheirOwnRowOnly) {
  for (const auto& weight : {WeightSample::dense({40, 96}, DType::bf16, 903),
                             WeightSample::affine({40, 96}, {.bits = 4, .group = 32}, 904),
                             WeightSample::affine({40, 96}, {.bits = 8, .group = 32}, 905)}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      const Values clean = activations(9, 96, 19);
      Values x = clean;
      x[4 * 96 + 50] = bad;
      const Values y = apply(*backend, weight, x, nullptr);
      const Values untouched = apply(*backend, weight, clean, nullptr);
      for (std::int32_t r = 0; r < 9; ++r) {
        if (r != 4) {
          expect_same_bits(rows_of(y, 40, r, 1), rows_of(untouched, 40, r, 1), weight.name());
          continue;
        }
        for (const float value : rows_of(y, 40, r, 1)) EXPECT_FALSE(std::isfinite(value));
      }
    }
  }
}

QUIRE_ON_EVERY_DEVICE(LinearTest);

}  // namespace
}  // namespace quire::kernels
