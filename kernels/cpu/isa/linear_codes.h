// Codes of a packed tile (kernels/README.md, "Packed weights") to bytes, and their dot products
// with int8 activations.
#pragma once

#include "kernels/cpu/isa/linear_table.h"
#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

/// Width of the plane that holds the low bits of a code, and of the one above it (0: none).
constexpr int low_width(int bits) {
  return bits == 3 ? 2 : bits == 5 || bits == 6 ? 4 : bits;
}
constexpr int high_width(int bits) {
  return bits - low_width(bits);
}

/// Bit field [bit * width, (bit + 1) * width) of every byte, moved to bit `to`; the rest is zero.
template <int kWidth>
QUIRE_INLINE U32 field(U32 bytes, int index, int to) {
  constexpr std::uint32_t kMask = 0x01010101U * ((1U << kWidth) - 1U);
  const int shift = index * kWidth - to;
  return (shift >= 0 ? bytes >> shift : bytes << -shift) & (kMask << to);
}

/// Quad `quad` (0..7) of kLanes columns: `from` is their first byte in vector 0 of the tile.
template <int kBits>
QUIRE_INLINE U8x4 codes_of_quad(const std::byte* from, int quad) {
  if constexpr (kBits == 8) {
    return load_bytes<U8x4>(from + quad * cpu::kVectorBytes);
  } else {
    constexpr int kLow = low_width(kBits);
    constexpr int kHigh = high_width(kBits);
    constexpr int kLowQuads = 8 / kLow;
    const U32 low = load_bytes<U32>(from + quad / kLowQuads * cpu::kVectorBytes);
    U32 codes = field<kLow>(low, quad % kLowQuads, 0);
    if constexpr (kHigh > 0) {
      constexpr int kHighQuads = 8 / kHigh;
      const U32 high = load_bytes<U32>(from + (kLow + quad / kHighQuads) * cpu::kVectorBytes);
      codes |= field<kHigh>(high, quad % kHighQuads, kLow);
    }
    return (U8x4)codes;
  }
}

#if QUIRE_ISA_LANES == 8
/// Quads whose pair sums of a code (< 2^bits, 8-bit ones centred) times an activation (<= 127) fit in
/// 16 bits together: 8 * 2 * 15 * 127 = 30480, 4 * 2 * 31 * 127 = 31496, 2 * 2 * 63 * 127 = 32004,
/// 2 * 128 * 127 = 32512.
constexpr int quads_per_widening(int bits) {
  return bits <= 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1;
}

/// Sums of 16-bit pairs that no saturation has touched, widened to one i32 per column.
QUIRE_INLINE I32 widen_pairs(I16x2 pairs) {
  return (I32)_mm256_madd_epi16((__m256i)pairs, _mm256_set1_epi16(1));
}
QUIRE_INLINE I16x2 multiply_pairs(U8x4 codes, I8x4 x) {
  return (I16x2)_mm256_maddubs_epi16((__m256i)codes, (__m256i)x);
}
/// Pairs of (code - 128) * x: the instruction takes unsigned times signed, so the sign changes over.
QUIRE_INLINE I16x2 multiply_centred(U8x4 codes, I8x4 x) {
  const __m256i centred = _mm256_xor_si256((__m256i)codes, _mm256_set1_epi8(-128));
  return (I16x2)_mm256_maddubs_epi16(_mm256_abs_epi8(centred),
                                     _mm256_sign_epi8((__m256i)x, centred));
}
#endif

/// The four activations at `x` in every lane.
QUIRE_INLINE I8x4 broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return (I8x4)broadcast(quad);
}

}  // namespace quire::kernels::QUIRE_ISA
