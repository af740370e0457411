// f32 values to integer codes: code * step, the largest magnitude gets the largest code.
#pragma once

#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

using I8 = std::int8_t __attribute__((vector_size(kLanes)));

/// Bits of the magnitudes; as integers they order like them, with infinity and then NaN on top.
QUIRE_INLINE I32 magnitude_bits(F32 x) {
  return (I32)x & 0x7fffffff;
}

QUIRE_INLINE std::int32_t reduce_max(I32 value) {
  const I32 lane = lane_numbers();
#pragma GCC unroll 4
  for (int width = kLanes / 2; width > 0; width /= 2) {
    const I32 other = __builtin_shuffle(value, lane ^ width);
    value = value > other ? value : other;
  }
  return value[0];
}

/// Bits of the largest |x|.
QUIRE_INLINE std::int32_t largest_magnitude(const float* x, int count) {
  I32 largest{};
  for (int i = 0; i < count; i += kLanes) {
    const I32 bits = magnitude_bits(load_first(x + i, count - i < kLanes ? count - i : kLanes));
    largest = bits > largest ? bits : largest;
  }
  return reduce_max(largest);
}

struct Steps {
  float step;     // value = code * step; NaN where a value is NaN or infinite
  float inverse;  // code = value * inverse, rounded; 0 where every code is 0
};

/// For the largest magnitude, given by its bits. Below 2^-100 values count as zero, so that
/// largest_code / magnitude stays finite.
QUIRE_INLINE Steps steps_for(std::int32_t magnitude, float largest_code) {
  constexpr std::int32_t kInfinity = 0x7f800000;
  constexpr std::int32_t kTiny = (127 - 100) << 23;
  if (magnitude >= kInfinity) return {__builtin_nanf(""), 0.0F};
  if (magnitude < kTiny) return {0.0F, 0.0F};
  const float largest = __builtin_bit_cast(float, magnitude);
  return {largest / largest_code, largest_code / largest};
}

/// x * inverse to the nearest integer, ties to even, for |x * inverse| < 2^22; 0 for inverse 0
/// whatever x is. Adding 1.5 * 2^23 leaves no fraction bits.
QUIRE_INLINE I32 codes_of(F32 x, F32 inverse) {
  constexpr float kMagic = 0x1.8p23F;
  const I32 codes = (I32)(x * inverse + kMagic) - __builtin_bit_cast(std::int32_t, kMagic);
  return inverse == F32{} ? I32{} : codes;
}

}  // namespace quire::kernels::QUIRE_ISA
