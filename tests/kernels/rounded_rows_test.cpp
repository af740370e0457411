// Activations rounded to bf16, per ISA level: the bits of bf16_from_f32, and zeros up to the stride.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
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

/// x cut into rows of `depth`; what does not fill a row is left out.
void expect_rounded(const IsaLevel& level, const std::vector<float>& x, std::int32_t depth) {
  const std::size_t rows = x.size() / static_cast<std::size_t>(depth);
  const auto stride = static_cast<std::size_t>((depth + kBf16Line - 1) / kBf16Line + 1) * kBf16Line;
  struct alignas(64) Line {
    std::uint16_t elements[kBf16Line];
  };
  std::vector<Line> lines(rows * stride / kBf16Line + 1);
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

}  // namespace
}  // namespace quire::kernels::cpu
