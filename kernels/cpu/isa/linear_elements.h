// Weights of 32, 16 and brain-16 bits widened to f32 in registers.
#pragma once

#include "kernels/cpu/isa/linear_table.h"
#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

using cpu::Element;

/// kLanes binary16 to f32, exactly; a NaN stays a NaN.
QUIRE_INLINE F32 load_f16(const std::byte* from) {
#if QUIRE_ISA_LANES == 16
  // All lanes by mask: GCC 12 warns of the unmasked form's undefined pass-through operand.
  return (F32)_mm512_maskz_cvtph_ps(0xffff,
                                    _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif QUIRE_ISA_LANES == 8
  return (F32)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
  const U32 half = __builtin_convertvector(load_bytes<U16>(from), U32);
  const U32 sign = (half & 0x8000U) << 16;
  const U32 magnitude = half & 0x7fffU;
  // Shifted into place, the exponent lacks the difference of the biases, 112: a multiplication by
  // 2^112 adds it and normalises subnormals. Infinities and NaN get the full exponent instead.
  const F32 finite = (F32)(magnitude << 13) * 0x1p112F;
  const U32 special = (magnitude << 13) | 0x7f800000U;
  return (F32)((magnitude >= 0x7c00U ? special : (U32)finite) | sign);
#endif
}

/// kLanes consecutive values.
QUIRE_INLINE F32 load_element(const std::byte* from, Element element) {
  switch (element) {
    case Element::f32:
      return load_bytes<F32>(from);
    case Element::f16:
      return load_f16(from);
    case Element::bf16:
      return (F32)(__builtin_convertvector(load_bytes<U16>(from), U32) << 16);
  }
  __builtin_unreachable();
}

constexpr int bytes_of(Element element) {
  return element == Element::f32 ? 4 : 2;
}

/// The values at (k, columns) and (k + 1, columns) of a dense panel, for even k.
template <Element kElement>
struct DensePair {
  F32 even;
  F32 odd;

  /// `from` is column `column` of row k: panel + k * 32 * bytes.
  static QUIRE_INLINE DensePair load(const std::byte* from, int column) {
    if constexpr (kElement == Element::bf16) {
      const U32 both = load_bytes<U32>(from + column * 4);
      return {(F32)(both << 16), (F32)(both & 0xffff0000U)};
    } else {
      constexpr int kBytes = bytes_of(kElement);
      const std::byte* at = from + column * kBytes;
      return {load_element(at, kElement), load_element(at + cpu::kPanelColumns * kBytes, kElement)};
    }
  }
  static QUIRE_INLINE F32 load_even(const std::byte* from, int column) {
    if constexpr (kElement == Element::bf16) {
      return (F32)(load_bytes<U32>(from + column * 4) << 16);
    } else {
      return load_element(from + column * bytes_of(kElement), kElement);
    }
  }
};

/// rows split into the fewest tiles of at most `limit`, as even as possible; the height of tile i.
struct Tiling {
  int tiles;
  int base;
  int taller;  // the first `taller` tiles have base + 1 rows

  static QUIRE_INLINE Tiling of(int rows, int limit) {
    const int tiles = (rows + limit - 1) / limit;
    return {tiles, rows / tiles, rows % tiles};
  }
  QUIRE_INLINE int height(int tile) const { return base + (tile < taller ? 1 : 0); }
};

}  // namespace quire::kernels::QUIRE_ISA
