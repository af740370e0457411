// Thin vector type of one ISA level: GCC vector extensions for what has an operator, intrinsics for
// what has not. Everything lives in the level's own namespace and is always inlined.
//
// Lane-wise operations give a lane the same bits wherever it stands, so a tail padded with anything
// computes its valid lanes exactly like a full vector: no kernel needs a scalar tail.
#pragma once

#include <cstddef>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define QUIRE_INLINE inline __attribute__((always_inline))

namespace quire::kernels::QUIRE_ISA {

inline constexpr int kLanes = QUIRE_ISA_LANES;

/// Whether four products of bytes are added to 32 bits in one instruction.
#if QUIRE_ISA_LANES == 16 || defined(__AVXVNNI__) || defined(__AVX512VNNI__)
#define QUIRE_ISA_DOT 1
#else
#define QUIRE_ISA_DOT 0
#endif

using F32 = float __attribute__((vector_size(kLanes * 4)));
using I32 = std::int32_t __attribute__((vector_size(kLanes * 4)));
using U32 = std::uint32_t __attribute__((vector_size(kLanes * 4)));
using U16 = std::uint16_t __attribute__((vector_size(kLanes * 2)));  // half as wide as the others
using I16x2 = std::int16_t __attribute__((vector_size(kLanes * 4)));
using U16x2 = std::uint16_t __attribute__((vector_size(kLanes * 4)));
using U8x4 = std::uint8_t __attribute__((vector_size(kLanes * 4)));
using I8x4 = std::int8_t __attribute__((vector_size(kLanes * 4)));

template <class Vector>
QUIRE_INLINE Vector load_bytes(const void* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

QUIRE_INLINE F32 load(const float* from) {
  return load_bytes<F32>(from);
}
QUIRE_INLINE void store(float* to, F32 value) {
  __builtin_memcpy(to, &value, sizeof value);
}

QUIRE_INLINE F32 broadcast(float value) {
  return value - F32{};
}
QUIRE_INLINE I32 broadcast(std::int32_t value) {
  return value - I32{};
}

/// 0, 1, 2, ...
QUIRE_INLINE I32 lane_numbers() {
  I32 numbers{};
  for (int i = 0; i < kLanes; ++i) numbers[i] = i;
  return numbers;
}

/// The first `count` (0 .. kLanes) elements, zeros after them; reads nothing beyond.
QUIRE_INLINE F32 load_first(const float* from, int count) {
#if QUIRE_ISA_LANES == 16
  return (F32)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1U), from);
#else
  if (count == kLanes) return load(from);
  F32 vector{};
  for (int i = 0; i < count; ++i) vector[i] = from[i];
  return vector;
#endif
}

/// Writes the first `count` (0 .. kLanes) elements and nothing beyond.
QUIRE_INLINE void store_first(float* to, F32 value, int count) {
#if QUIRE_ISA_LANES == 16
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << count) - 1U), (__m512)value);
#else
  if (count == kLanes) return store(to, value);
  for (int i = 0; i < count; ++i) to[i] = value[i];
#endif
}

/// a * b + c; one rounding where the level has FMA, two on portable. Always the same within a
/// level.
QUIRE_INLINE F32 fma(F32 a, F32 b, F32 c) {
#if QUIRE_ISA_LANES == 16
  return (F32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif QUIRE_ISA_LANES == 8
  return (F32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}

/// Lane-wise a where the mask (from a comparison) is true, else b.
QUIRE_INLINE F32 select(I32 mask, F32 a, F32 b) {
  return mask ? a : b;
}

/// To bf16, to nearest, ties to even; a NaN stays a (quiet) NaN.
QUIRE_INLINE U16 bf16_of(F32 value) {
  const U32 bits = (U32)value;
  const U32 rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const U32 quiet = (bits >> 16) | 0x40U;
  const I32 nan = (I32)(bits & 0x7fffffffU) > 0x7f800000;
  return __builtin_convertvector(nan ? quiet : rounded, U16);
}

/// NaN in b gives a's lane; NaN in a stays: max(NaN, b) is NaN.
QUIRE_INLINE F32 max(F32 a, F32 b) {
  return a < b ? b : a;
}

/// Sum of the lanes as a balanced tree: lane i with lane i + width/2, halving the width.
QUIRE_INLINE float reduce_add(F32 value) {
  const I32 lane = lane_numbers();
#pragma GCC unroll 4
  for (int width = kLanes / 2; width > 0; width /= 2) {
    value = value + __builtin_shuffle(value, lane ^ width);
  }
  return value[0];
}

QUIRE_INLINE float reduce_max(F32 value) {
  const I32 lane = lane_numbers();
#pragma GCC unroll 4
  for (int width = kLanes / 2; width > 0; width /= 2) {
    value = max(value, __builtin_shuffle(value, lane ^ width));
  }
  return value[0];
}

QUIRE_INLINE std::int32_t reduce_add(I32 value) {
  std::int32_t sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += value[i];
  return sum;
}

/// Sum of adjacent 16-bit products, one i32 per pair: exact.
QUIRE_INLINE I32 add_pairs(I16x2 value) {
  const I32 wide = (I32)value;
  return ((I32)((U32)wide << 16) >> 16) + (wide >> 16);
}

/// acc[i] + sum of u[4i+j] * s[4i+j], j = 0..3: u unsigned 8 bits, s signed 8 bits. Exact on every
/// level as long as acc does not overflow.
QUIRE_INLINE I32 dot_u8_i8(I32 acc, U8x4 u, I8x4 s) {
#if QUIRE_ISA_LANES == 16
  return (I32)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)u, (__m512i)s);
#elif QUIRE_ISA_DOT
  return (I32)_mm256_dpbusd_epi32((__m256i)acc, (__m256i)u, (__m256i)s);
#else
  // 255 * -128 fits in 16 bits, so the products of even and of odd bytes are exact there.
  const I16x2 s16 = (I16x2)s;
  const I16x2 even = (I16x2)((U16x2)u & 0xffU) * ((I16x2)((U16x2)s16 << 8) >> 8);
  const I16x2 odd = (I16x2)((U16x2)u >> 8) * (s16 >> 8);
  return acc + add_pairs(even) + add_pairs(odd);
#endif
}

/// acc[i] + a[2i] * b[2i] + a[2i+1] * b[2i+1], 16 bits signed. Exact on every level as long as acc
/// does not overflow.
QUIRE_INLINE I32 dot_i16(I32 acc, I16x2 a, I16x2 b) {
#if QUIRE_ISA_LANES == 16
  return (I32)_mm512_dpwssd_epi32((__m512i)acc, (__m512i)a, (__m512i)b);
#elif QUIRE_ISA_DOT
  return (I32)_mm256_dpwssd_epi32((__m256i)acc, (__m256i)a, (__m256i)b);
#elif QUIRE_ISA_LANES == 8
  return acc + (I32)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return acc + (I32)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
  const I32 low = ((I32)((U32)a << 16) >> 16) * ((I32)((U32)b << 16) >> 16);
  return acc + low + ((I32)a >> 16) * ((I32)b >> 16);
#endif
}

}  // namespace quire::kernels::QUIRE_ISA
