// Reads of K and V tiles (picture in kernels/README.md), one variant per element type. Tiles are
// made of 32-bit lanes: a K lane holds one f32 or two bf16 neighbours along head_dim of one token,
// a V lane one f32 or two bf16 neighbours along the tokens of one head_dim index.
#pragma once

#include "kernels/cpu/isa/attention.h"

namespace quire::kernels::QUIRE_ISA {

struct Pair {
  F32 even;
  F32 odd;
};

QUIRE_INLINE Pair halves(U32 lanes) {
  return {(F32)(lanes << 16), (F32)(lanes & 0xffff0000U)};
}

struct Bf16Tiles {
  /// Bytes of all pairs of one head_dim index of a K tile, or of all head_dim indices of a V tile.
  static QUIRE_INLINE std::ptrdiff_t pair_bytes(std::int32_t width) {
    return std::ptrdiff_t{width} * 4;
  }
  /// K of head_dim indices 2 * pair and 2 * pair + 1 for kLanes tokens; `row` is the pair's first.
  static QUIRE_INLINE Pair keys(const std::byte* row) { return halves(load_bytes<U32>(row)); }
  /// V of tokens 2 * pair and 2 * pair + 1 for `count` indices (at most kLanes); `row` is the
  /// pair's, from the first of them.
  static QUIRE_INLINE Pair values(const std::byte* row, std::int32_t /*head_dim*/, int count) {
    if (count == kLanes) return halves(load_bytes<U32>(row));
    U32 cells{};
    __builtin_memcpy(&cells, row, static_cast<std::size_t>(count) * 4);
    return halves(cells);
  }
  /// The same place of another tile.
  static QUIRE_INLINE void fetch_row(const std::byte* row, std::int32_t /*width*/) { fetch(row); }
};

struct F32Tiles {
  static QUIRE_INLINE std::ptrdiff_t pair_bytes(std::int32_t width) {
    return std::ptrdiff_t{width} * 8;
  }
  static QUIRE_INLINE Pair keys(const std::byte* row) {
    return {load_bytes<F32>(row), load_bytes<F32>(row + cpu::kTileTokens * 4)};
  }
  static QUIRE_INLINE Pair values(const std::byte* row, std::int32_t head_dim, int count) {
    return {lanes(row, count), lanes(row + std::ptrdiff_t{head_dim} * 4, count)};
  }
  static QUIRE_INLINE void fetch_row(const std::byte* row, std::int32_t width) {
    fetch(row);
    fetch(row + std::ptrdiff_t{width} * 4);
  }

 private:
  static QUIRE_INLINE F32 lanes(const std::byte* from, int count) {
    if (count == kLanes) return load_bytes<F32>(from);
    F32 vector{};
    __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * 4);
    return vector;
  }
};

}  // namespace quire::kernels::QUIRE_ISA
