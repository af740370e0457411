// One group of an affine panel in word order (kernels/README.md, "Packed weights") to bf16 weights
// as left tiles: w = scale * code + bias by one multiply-add in f32, then rounded to bf16, ties to
// even. Up to 6 bits a code looks its weight up in a table of its column's 4 to 64 values.
#pragma once

#include "kernels/cpu/isa/amx_tiles.h"
#include "kernels/cpu/isa/bf16.h"
#include "kernels/cpu/isa/linear_codes.h"
#include "kernels/cpu/isa/linear_elements.h"

namespace quire::kernels::QUIRE_ISA {

/// A tile row: bf16 weights of kStepDepth consecutive k of one column.
using WeightRow = U16x2;
inline constexpr int kTilesPerStep = cpu::kPanelColumns / kTileRows;
static_assert(cpu::kUnitDepth == kStepDepth && cpu::kTileColumns == kTileRows);

/// Scales and biases of one group as f32.
struct GroupValues {
  alignas(64) float scales[cpu::kPanelColumns];
  alignas(64) float biases[cpu::kPanelColumns];

  QUIRE_INLINE GroupValues(const std::byte* from, Element element) {
    const int bytes = bytes_of(element);
    for (int c = 0; c < cpu::kPanelColumns; c += kLanes) {
      store(scales + c, load_element(from + c * bytes, element));
      store(biases + c, load_element(from + (cpu::kPanelColumns + c) * bytes, element));
    }
    // Else GCC 12 broadcasts from registers, by two shuffles, what a load broadcasts for free.
    asm volatile("" : : "r"(this) : "memory");
  }
};

/// Weights of codes first + (0 .. 15), each taken modulo 2^bits.
template <int kBits>
QUIRE_INLINE F32 weights_of_codes(int first, float scale, float bias) {
  constexpr int kCodes = 1 << kBits;
  const I32 codes = (lane_numbers() + first) & (kCodes - 1);
  return fma(__builtin_convertvector(codes, F32), broadcast(scale), broadcast(bias));
}

/// The weights of all codes of one column; fewer than 32 are repeated.
template <int kBits>
struct ColumnTable {
  static constexpr int kRows = kBits == 6 ? 2 : 1;
  WeightRow rows[kRows];

  /// Element i of a row is the weight of the code in the low bits of i.
  QUIRE_INLINE WeightRow operator[](WeightRow indices) const {
    if constexpr (kBits == 6) {
      return (WeightRow)_mm512_permutex2var_epi16((__m512i)rows[0], (__m512i)indices,
                                                  (__m512i)rows[1]);
    } else {
      return (WeightRow)_mm512_permutexvar_epi16((__m512i)indices, (__m512i)rows[0]);
    }
  }
};

/// Tables of columns `column` and `column` + 1.
template <int kBits>
QUIRE_INLINE void make_tables(const GroupValues& values, int column, ColumnTable<kBits>* tables) {
  const auto weights = [&values](int c, int first) {
    return weights_of_codes<kBits>(first, values.scales[c], values.biases[c]);
  };
  if constexpr (kBits <= 4) {  // 16 lanes hold all codes: one conversion makes two tables
    const auto both = (__m512i)round_pair(weights(column, 0), weights(column + 1, 0));
    // All lanes by mask: GCC 12 warns of the unmasked form's undefined pass-through operand.
    tables[0].rows[0] = (WeightRow)_mm512_maskz_shuffle_i64x2(0xff, both, both, 0x44);
    tables[1].rows[0] = (WeightRow)_mm512_maskz_shuffle_i64x2(0xff, both, both, 0xee);
  } else {
    for (int c = 0; c < 2; ++c) {
      for (int r = 0; r < ColumnTable<kBits>::kRows; ++r) {
        tables[c].rows[r] =
            round_pair(weights(column + c, 32 * r), weights(column + c, 32 * r + 16));
      }
    }
  }
}

/// Codes of `column` in the low bits of each word, other columns' bits above them; `tile` holds the
/// unit's 16 columns.
template <int kBits>
QUIRE_INLINE WeightRow codes_of_column(const std::byte* tile, int column) {
  constexpr int kLow = low_width(kBits);
  constexpr int kHigh = high_width(kBits);
  constexpr int kLowColumns = 16 / kLow;
  const auto low = load_bytes<WeightRow>(tile + column / kLowColumns * cpu::kVectorBytes) >>
                   (column % kLowColumns * kLow);
  if constexpr (kHigh == 0) {
    return low;
  } else {
    constexpr int kHighColumns = 16 / kHigh;
    const auto word =
        load_bytes<WeightRow>(tile + (kLow + column / kHighColumns) * cpu::kVectorBytes);
    const int shift = column % kHighColumns * kHigh - kLow;
    const WeightRow high = shift >= 0 ? word >> shift : word << -shift;
    constexpr int kBitOfMask = 0xca;  // mask ? low : high
    const __m512i mask = _mm512_set1_epi16((1 << kLow) - 1);
    return (WeightRow)_mm512_ternarylogic_epi32(mask, (__m512i)low, (__m512i)high, kBitOfMask);
  }
}

/// Weights of 8-bit codes: 32 consecutive bytes.
QUIRE_INLINE WeightRow weights_of_bytes(const std::byte* codes, float scale, float bias) {
  const auto half = [&](int at) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + at));
    const auto wide = (I32)_mm512_maskz_cvtepu8_epi32(0xffff, bytes);
    return fma(__builtin_convertvector(wide, F32), broadcast(scale), broadcast(bias));
  };
  return round_pair(half(0), half(16));
}

/// Bytes of one group of a panel.
constexpr int group_bytes(int bits, Element element, int group) {
  return 2 * cpu::kPanelColumns * bytes_of(element) + cpu::kPanelColumns / 8 * bits * group;
}

/// `group` k of the panel's 32 columns, from their scales on, to bf16 [step][tile][column][32 k].
template <int kBits>
void widen_group(const std::byte* from, Element element, int group, std::byte* to) {
  constexpr int kTileBits = kBits * cpu::kVectorBytes;  // bytes of a packed tile
  const GroupValues values(from, element);
  from += 2 * cpu::kPanelColumns * bytes_of(element);
  const int steps = group / kStepDepth;
  for (int tile = 0; tile < kTilesPerStep; ++tile) {
    const int column = tile * kTileRows;
    // Columns four at a time, so that their tables stay in registers for all steps.
#pragma GCC unroll 4
    for (int first = 0; first < kTileRows; first += 4) {
      ColumnTable<kBits> tables[4];
      if constexpr (kBits < 8) {
        make_tables<kBits>(values, column + first, tables);
        make_tables<kBits>(values, column + first + 2, tables + 2);
      }
      for (int s = 0; s < steps; ++s) {
        const std::byte* packed = from + (s * kTilesPerStep + tile) * kTileBits;
        std::byte* rows = to + (s * kTilesPerStep + tile) * kTileBytes;
#pragma GCC unroll 4
        for (int c = first; c < first + 4; ++c) {
          WeightRow row;
          if constexpr (kBits == 8) {
            row = weights_of_bytes(packed + c * kStepDepth, values.scales[column + c],
                                   values.biases[column + c]);
          } else {
            row = tables[c - first][codes_of_column<kBits>(packed, c)];
          }
          __builtin_memcpy(rows + c * kTileRowBytes, &row, sizeof row);
        }
      }
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
