#include "kernels/cpu/amx_support.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace quire::kernels::cpu {

namespace {

/// Denormals are zeros.
float flushed(float value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0F, value) : value;
}

float widened(std::uint16_t bf16) {
  return flushed(std::bit_cast<float>(std::uint32_t{bf16} << 16));
}

float documented_sum(const TileProduct& product, std::int32_t row, std::int32_t column) {
  float chains[2] = {0.0F, 0.0F};
  for (std::int32_t k = 0; k < 32; ++k) {
    float& chain = chains[k % 2];
    chain = flushed(std::fma(widened(product.left[row][k]),
                             widened(product.right[k / 2][column][k % 2]), chain));
  }
  return flushed(flushed(product.sums[row][column]) + flushed(chains[0] + chains[1]));
}

/// Numbers of either sign from 2^-8 to 2^8, so that almost every addition rounds; in one row of
/// `left` so small that products are denormal, in another denormal themselves. All of those are
/// multiples of 2^-149, and so exact before they are flushed.
TileProduct sample_product(std::int32_t rows, std::int32_t columns) {
  constexpr std::int32_t kSmallRow = 0;
  constexpr std::int32_t kDenormalRow = 2;
  std::uint32_t state = 1;
  const auto random = [&state] {  // an LCG, of "Numerical Recipes"; its high bits are the good ones
    state = state * 1664525U + 1013904223U;
    return state >> 8;
  };
  const auto float_bits = [&random] {
    const std::uint32_t bits = random();
    const std::uint32_t exponent = 127 - 8 + bits % 16;
    return (bits >> 23 & 1) << 31 | exponent << 23 | (bits >> 4 & 0x7ffff) << 4;
  };
  const auto bf16 = [&float_bits] { return static_cast<std::uint16_t>(float_bits() >> 16); };
  TileProduct product{.rows = rows, .columns = columns, .left = {}, .right = {}, .sums = {}};
  for (std::int32_t row = 0; row < 16; ++row) {
    const bool small = row == kSmallRow || row == kDenormalRow;
    for (std::uint16_t& element : product.left[row]) {
      element = bf16();
      const std::uint32_t least = row == kDenormalRow ? 0x0040 : 0x0080;  // of a magnitude
      if (small) element = static_cast<std::uint16_t>((element & 0x803f) | least);
    }
    for (auto& pair : product.right[row]) {
      for (std::uint16_t& element : pair) element = bf16();
    }
    for (float& sum : product.sums[row]) {
      sum = small ? 0.0F : std::bit_cast<float>(float_bits());
    }
  }
  return product;
}

bool keeps_the_rule(void (*multiply)(TileProduct&), const TileProduct& before) {
  TileProduct after = before;
  multiply(after);
  for (std::int32_t row = 0; row < 16; ++row) {
    for (std::int32_t column = 0; column < 16; ++column) {
      const bool inside = row < before.rows && column < before.columns;
      const float expected =
          inside ? documented_sum(before, row, column) : before.sums[row][column];
      if (std::bit_cast<std::uint32_t>(after.sums[row][column]) !=
          std::bit_cast<std::uint32_t>(expected)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

const char* broken_tile_rule(void (*multiply)(TileProduct&)) {
  constexpr std::int32_t kShapes[][2] = {{16, 16}, {1, 16}, {16, 1}, {5, 11}};
  for (const auto& [rows, columns] : kShapes) {
    if (!keeps_the_rule(multiply, sample_product(rows, columns))) {
      return "its AMX tiles do not add bf16 products as Intel documents";
    }
  }
  return nullptr;
}

#if defined(__x86_64__) && defined(__linux__)

void multiply_on_tiles(TileProduct& product) {
  struct alignas(64) {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  } config;
  const auto rows = static_cast<std::uint8_t>(product.rows);
  const auto column_bytes = static_cast<std::uint16_t>(4 * product.columns);
  const std::uint8_t heights[] = {rows, rows, 16};  // sums, left, right
  const std::uint16_t widths[] = {column_bytes, 64, column_bytes};
  for (int tile = 0; tile < 3; ++tile) {
    config.rows[tile] = heights[tile];
    config.row_bytes[tile] = widths[tile];
  }
  constexpr std::size_t kStride = 64;
  asm volatile(
      "ldtilecfg %[config]\n\t"
      "tileloadd (%[sums],%[stride],1), %%tmm0\n\t"
      "tileloadd (%[left],%[stride],1), %%tmm1\n\t"
      "tileloadd (%[right],%[stride],1), %%tmm2\n\t"
      "tdpbf16ps %%tmm2, %%tmm1, %%tmm0\n\t"
      "tilestored %%tmm0, (%[sums],%[stride],1)\n\t"
      "tilerelease"
      :
      : [config] "m"(config), [sums] "r"(product.sums), [left] "r"(product.left),
        [right] "r"(product.right), [stride] "r"(kStride)
      : "memory");
}

namespace {

const char* find_missing() {
  constexpr unsigned kAmxBf16 = 1U << 22;      // of EDX
  constexpr unsigned kAmxTile = 1U << 24;      // of EDX
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned features = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &features) == 0 || (features & kAmxTile) == 0 ||
      (features & kAmxBf16) == 0) {
    return "the CPU has no AMX tiles of bf16";
  }
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) != 0) {
    return "the operating system grants no AMX tile data (Linux 5.16 does)";
  }
  return broken_tile_rule(multiply_on_tiles);
}

}  // namespace

const char* missing_for_amx() {
  static const char* const missing = find_missing();
  return missing;
}

#else

const char* missing_for_amx() {
  return "AMX is used on x86-64 Linux only";
}

#endif

}  // namespace quire::kernels::cpu
