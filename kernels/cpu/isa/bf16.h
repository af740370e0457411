// Products of bf16 pairs and rounding to bf16, for the levels that have AVX-512 BF16.
#pragma once

#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

#if defined(__AVX512BF16__)

/// acc[i] + a[2i+1] * b[2i+1] + a[2i] * b[2i], in this order, rounded to nearest even after each
/// step; what is below 2^-126 in magnitude counts as zero, on the way in and out.
QUIRE_INLINE F32 dot_bf16(F32 acc, U32 a, U32 b) {
  return (F32)_mm512_dpbf16_ps((__m512)acc, (__m512bh)a, (__m512bh)b);
}

/// bf16 of low's lanes, then of high's, to nearest even. What is below 2^-126 in magnitude becomes
/// zero.
QUIRE_INLINE U16x2 round_pair(F32 low, F32 high) {
  return (U16x2)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

/// The same rounding of 16 values, as f32.
QUIRE_INLINE F32 round_to_bf16(F32 value) {
  const U16 rounded = (U16)_mm512_cvtneps_pbh((__m512)value);
  return (F32)(__builtin_convertvector(rounded, U32) << 16);
}

#endif

}  // namespace quire::kernels::QUIRE_ISA
