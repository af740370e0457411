// A packed weight as bytes: panels of kPanelColumns output columns, each one linear run that the
// kernels stream. Pictures: kernels/README.md, "Packed weights".
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels::cpu {

/// Dense: panel = [k][32] of f32 or f16; bf16 as [k / 2][32][2], an odd K padded with zero.
/// Affine: panel = per group { scales[32], biases[32], then per unit of 32 k { tile of columns
/// 0..15, tile of columns 16..31 } }. A tile is `bits` vectors of 64 bytes: bit planes of width
/// 8, 4, 2 or 1 (planes_of), widest first, lowest bits first.
/// In quad order, vector v of a plane of width w holds quad v * 8/w + j at bit j * w of each byte;
/// byte 4 c + i of a quad is column c, k offset i.
/// In word order, it holds column v * 16/w + j at bit j * w of each 16-bit word; word k is k offset
/// k. Of width 8, it holds the 32 bytes of column 2 v, then those of the next; byte k is offset k.
struct PackedView {
  const std::byte* panels = nullptr;
  std::size_t panel_bytes = 0;     // a multiple of 64; panel p starts at p * panel_bytes
  std::int32_t rows = 0;           // N; columns past it in the last panel are zero
  std::int32_t cols = 0;           // K
  Element element = Element::f32;  // of dense elements, or of affine scales and biases
  std::int32_t bits = 0;           // affine code width; 0 = dense
  std::int32_t group = 0;          // affine: codes along K that share scale and bias
  CodeOrder order = CodeOrder::quads;  // affine
};

constexpr std::int32_t panels_of(std::int32_t rows) noexcept {
  return (rows + kPanelColumns - 1) / kPanelColumns;
}

/// The bit planes of a code width, widest first.
struct Planes {
  std::int32_t count;
  std::int32_t width[2];
};

/// REQUIRES: bits is 2, 3, 4, 5, 6 or 8.
constexpr Planes planes_of(std::int32_t bits) noexcept {
  switch (bits) {
    case 3:
      return {2, {2, 1}};
    case 5:
      return {2, {4, 1}};
    case 6:
      return {2, {4, 2}};
    default:
      return {1, {bits, 0}};
  }
}

}  // namespace quire::kernels::cpu
