// The integer sums of an affine tile: one unit (32 k) of codes times int8 activations, per level.
#pragma once

#include "kernels/cpu/isa/linear_codes.h"

namespace quire::kernels::QUIRE_ISA {

template <int kRows, int kVectors>
struct Sums {
  I32 of[kRows][kVectors];
};

/// Where a tile's codes are: packed, read from memory for the first time, or a byte each in L1.
enum class Codes : std::uint8_t { packed, bytes };

template <int kBits, Codes kCodes>
constexpr int kStoredBits = kCodes == Codes::bytes ? 8 : kBits;
/// AVX2 by itself adds 16-bit pairs.
#define QUIRE_ISA_PAIRS (QUIRE_ISA_LANES == 8 && !QUIRE_ISA_DOT)
/// What `add_unit` takes off every code: 16-bit pairs have no room for 8 bits.
template <int kBits>
constexpr int kCentre = QUIRE_ISA_PAIRS && kBits == 8 ? 128 : 0;

/// Adds one unit: 32 k of kVectors vectors of columns; from[v] as codes_of_quad wants it.
#if QUIRE_ISA_PAIRS
template <int kBits, Codes kCodes, int kRows, int kVectors>
QUIRE_INLINE void add_unit(const std::byte* const (&from)[kVectors], const std::int8_t* x,
                           std::size_t x_stride, Sums<kRows, kVectors>& sums) {
  constexpr int kStep = quads_per_widening(kBits);
  for (int first = 0; first < 8; first += kStep) {
    I16x2 pairs[kRows][kVectors] = {};
#pragma GCC unroll 8
    for (int q = first; q < first + kStep; ++q) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const U8x4 codes = codes_of_quad<kStoredBits<kBits, kCodes>>(from[v], q);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          const I8x4 quad = broadcast_quad(x + static_cast<std::size_t>(r) * x_stride + 4 * q);
          pairs[r][v] += kBits == 8 ? multiply_centred(codes, quad) : multiply_pairs(codes, quad);
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums.of[r][v] += widen_pairs(pairs[r][v]);
    }
  }
}
#else
/// Packed codes, one column vector after the other: in the order of memory, which its prefetchers
/// like. Of few rows the activations stay in registers, and each sum has two chains.
template <int kBits, int kRows, int kVectors>
QUIRE_INLINE void add_packed_unit(const std::byte* const (&from)[kVectors], const std::int8_t* x,
                                  std::size_t x_stride, Sums<kRows, kVectors>& sums) {
  constexpr int kHeld = kRows <= 3 ? kRows : 0;
  const auto quad_of = [&](int r, int q) __attribute__((always_inline)) {
    return broadcast_quad(x + static_cast<std::size_t>(r) * x_stride + 4 * q);
  };
  I8x4 held[kHeld + 1][8];
#pragma GCC unroll 8
  for (int r = 0; r < kHeld; ++r) {
#pragma GCC unroll 8
    for (int q = 0; q < 8; ++q) held[r][q] = quad_of(r, q);
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    I32 odd[kRows] = {};
#pragma GCC unroll 8
    for (int q = 0; q < 8; ++q) {
      const U8x4 codes = codes_of_quad<kBits>(from[v], q);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        I32& sum = kHeld > 0 && q % 2 == 1 ? odd[r] : sums.of[r][v];
        sum = dot_u8_i8(sum, codes, kHeld > 0 ? held[r][q] : quad_of(r, q));
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kHeld; ++r) sums.of[r][v] += odd[r];
  }
}

template <int kBits, Codes kCodes, int kRows, int kVectors>
QUIRE_INLINE void add_unit(const std::byte* const (&from)[kVectors], const std::int8_t* x,
                           std::size_t x_stride, Sums<kRows, kVectors>& sums) {
  if constexpr (kCodes == Codes::packed) {
    add_packed_unit<kBits>(from, x, x_stride, sums);
  } else {
#pragma GCC unroll 8
    for (int q = 0; q < 8; ++q) {
      U8x4 codes[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) codes[v] = codes_of_quad<kStoredBits<kBits, kCodes>>(from[v], q);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const I8x4 quad = broadcast_quad(x + static_cast<std::size_t>(r) * x_stride + 4 * q);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          sums.of[r][v] = dot_u8_i8(sums.of[r][v], codes[v], quad);
        }
      }
    }
  }
}
#endif

}  // namespace quire::kernels::QUIRE_ISA
