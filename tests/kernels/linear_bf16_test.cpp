// Activations rounded to bf16, on every ISA level, and the order of additions of avx512bf16.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/isa.h"
#include "kernels/dtype.h"

namespace quire::kernels::cpu {
namespace {

constexpr std::uint16_t kUnwritten = 0x4bad;

/// Values around every rounding boundary: signs, exponents from zero to NaN, ties and their
/// neighbours.
std::vector<float> boundary_values() {
  std::vector<float> values;
  for (std::uint32_t upper = 0; upper < 0x10000; upper += 13) {
    for (const std::uint32_t lower : {0x0000U, 0x0001U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
      values.push_back(std::bit_cast<float>(upper << 16 | lower));
    }
  }
  values.push_back(std::numeric_limits<float>::max());
  values.push_back(std::bit_cast<float>(0x7f800001U));  // a NaN whose upper half is infinity
  return values;
}

/// Whole cache lines of bf16.
struct alignas(64) Line {
  std::uint16_t elements[kBf16Line];
};
std::vector<Line> lines_of(std::size_t elements) {
  return std::vector<Line>((elements + kBf16Line - 1) / kBf16Line);
}

/// x cut into rows of `depth`; what does not fill a row is left out.
void expect_rounded(const IsaLevel& level, const std::vector<float>& x, std::int32_t depth) {
  const std::size_t rows = x.size() / static_cast<std::size_t>(depth);
  const auto stride = static_cast<std::size_t>((depth + kBf16Line - 1) / kBf16Line + 1) * kBf16Line;
  std::vector<Line> lines = lines_of(rows * stride + 1);
  std::uint16_t* rounded = lines.front().elements;
  std::fill_n(rounded, lines.size() * kBf16Line, kUnwritten);
  level.kernels->linear.round_rows({.x = x.data(),
                                    .x_stride = static_cast<std::size_t>(depth),
                                    .rows = static_cast<std::int32_t>(rows),
                                    .depth = depth,
                                    .rounded = rounded,
                                    .stride = stride});
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t k = 0; k < stride; ++k) {
      const bool inside = k < static_cast<std::size_t>(depth);
      const float value = inside ? x[r * static_cast<std::size_t>(depth) + k] : 0.0F;
      ASSERT_EQ(rounded[r * stride + k], bf16_from_f32(value))
          << level.name << ", row " << r << " of " << depth << ", element " << k << ": " << value;
    }
  }
  EXPECT_EQ(rounded[rows * stride], kUnwritten) << level.name << " writes beyond its rows";
}

TEST(RoundedRows, HoldTheNearestBf16AndZerosOnEveryIsa) {
  const std::vector<float> x = boundary_values();
  for (const IsaLevel& level : isa_levels()) {
    if (!level.supported()) continue;
    for (const std::int32_t depth : {1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 261}) {
      expect_rounded(level, x, depth);
    }
  }
}

/// What one column's pairs add up to where odd elements are added before even ones, each with one
/// rounding, in blocks of 256.
float sum_in_order(const std::vector<std::uint16_t>& x, const std::vector<std::uint16_t>& weights) {
  constexpr std::size_t kBlock = 256;
  float total = 0.0F;
  for (std::size_t begin = 0; begin < x.size(); begin += kBlock) {
    float sum = 0.0F;
    for (std::size_t k = begin; k < std::min(begin + kBlock, x.size()); k += 2) {
      sum = std::fma(f32_from_bf16(x[k + 1]), f32_from_bf16(weights[k + 1]), sum);
      sum = std::fma(f32_from_bf16(x[k]), f32_from_bf16(weights[k]), sum);
    }
    total = begin == 0 ? sum : total + sum;
  }
  return total;
}

// The order that Intel documents for VDPBF16PS; AMD's Zen 4 keeps to it.
TEST(Avx512Bf16, AddsInTheDocumentedOrder) {
  const auto level = std::find_if(isa_levels().begin(), isa_levels().end(), [](const IsaLevel& l) {
    return l.name == std::string("avx512bf16");
  });
  if (level == isa_levels().end() || !level->supported()) GTEST_SKIP() << "not on this machine";
  std::mt19937 random(1);
  for (const std::int32_t depth : {2, 32, 254, 256, 258, 1030}) {
    const auto depth_elements = static_cast<std::size_t>(depth);
    const std::size_t stride = (depth_elements + kBf16Line - 1) / kBf16Line * kBf16Line;
    std::vector<Line> x_lines = lines_of(stride), panel = lines_of(depth_elements * kPanelColumns);
    std::uint16_t* x = x_lines.front().elements;
    const auto value = [&random] {
      return bf16_from_f32(static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F);
    };
    std::generate_n(x, depth, value);
    std::generate_n(panel.front().elements, depth * kPanelColumns, value);
    struct alignas(64) Sums {
      float of[kPanelColumns];
    } sums;
    level->kernels->linear.bf16_panel({.panel = reinterpret_cast<std::byte*>(panel.data()),
                                       .panel_bytes = 0,
                                       .panels = 1,
                                       .depth = depth,
                                       .x = x,
                                       .x_stride = stride,
                                       .rows = 1,
                                       .sums = sums.of});
    for (std::size_t c = 0; c < kPanelColumns; ++c) {
      std::vector<std::uint16_t> weights(depth_elements);
      for (std::size_t k = 0; k < depth_elements; ++k) {
        weights[k] = panel.front().elements[(k / 2 * kPanelColumns + c) * 2 + k % 2];
      }
      EXPECT_EQ(sums.of[c], sum_in_order({x, x + depth}, weights)) << depth << " deep, column " << c;
    }
  }
}

}  // namespace
}  // namespace quire::kernels::cpu
