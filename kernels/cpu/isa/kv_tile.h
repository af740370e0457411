// Reads of K and V tiles (picture in kernels/README.md), one variant per element type. Tiles are
// made of 32-bit lanes: a K lane holds one f32 or two bf16 neighbours along head_dim of one token,
// a V lane one f32 or two bf16 neighbours along the tokens of one head_dim index.
#pragma once

#include "kernels/cpu/isa/simd.h"
#include "kernels/cpu/kernel_table.h"

namespace quire::kernels::QUIRE_ISA {

struct Pair {
  F32 even;
  F32 odd;
};

QUIRE_INLINE Pair halves(U32 lanes) {
  return {(F32)(lanes << 16), (F32)(lanes & 0xffff0000U)};
}

struct Bf16Tiles {
  /// K of head_dim indices 2 * pair and 2 * pair + 1 for kLanes tokens from `token`.
  static QUIRE_INLINE Pair keys(const std::byte* k_tile, std::int32_t pair, std::int32_t token) {
    return halves(load_bytes<U32>(k_tile + (pair * cpu::kTileTokens + token) * 4));
  }
  /// V of tokens 2 * pair and 2 * pair + 1 for `count` indices (at most kLanes) from d.
  static QUIRE_INLINE Pair values(const std::byte* v_tile, std::int32_t pair, std::int32_t d,
                                  std::int32_t head_dim, int count) {
    return halves(lanes(v_tile + (pair * head_dim + d) * 4, count));
  }
  /// V of one token.
  static QUIRE_INLINE F32 value(const std::byte* v_tile, std::int32_t token, std::int32_t d,
                                std::int32_t head_dim, int count) {
    const Pair both = values(v_tile, token / 2, d, head_dim, count);
    return token % 2 == 0 ? both.even : both.odd;
  }

 private:
  static QUIRE_INLINE U32 lanes(const std::byte* from, int count) {
    if (count == kLanes) return load_bytes<U32>(from);
    U32 vector{};
    __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * 4);
    return vector;
  }
};

struct F32Tiles {
  static QUIRE_INLINE Pair keys(const std::byte* k_tile, std::int32_t pair, std::int32_t token) {
    const std::byte* even = k_tile + (2 * pair * cpu::kTileTokens + token) * 4;
    return {load_bytes<F32>(even), load_bytes<F32>(even + cpu::kTileTokens * 4)};
  }
  static QUIRE_INLINE Pair values(const std::byte* v_tile, std::int32_t pair, std::int32_t d,
                                  std::int32_t head_dim, int count) {
    return {value(v_tile, 2 * pair, d, head_dim, count),
            value(v_tile, 2 * pair + 1, d, head_dim, count)};
  }
  static QUIRE_INLINE F32 value(const std::byte* v_tile, std::int32_t token, std::int32_t d,
                                std::int32_t head_dim, int count) {
    const std::byte* from = v_tile + (token * head_dim + d) * 4;
    if (count == kLanes) return load_bytes<F32>(from);
    F32 vector{};
    __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * 4);
    return vector;
  }
};

}  // namespace quire::kernels::QUIRE_ISA
