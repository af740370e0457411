// Affine linear: exact integer sums of codes and int8 activations per group, f32 sums over groups.
#include "kernels/cpu/isa/linear_codes.h"
#include "kernels/cpu/isa/linear_elements.h"
#include "kernels/cpu/isa/linear_kernels.h"
#include "kernels/cpu/isa/linear_units.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

/// k per block, a multiple of every group. With more than one row tile a block is first expanded to
/// bytes, 16 KiB + 4 KiB of scales at most, which stay in L1 while the row tiles pass.
constexpr int kBlockDepth = 512;
constexpr int kLineBytes = 64;
/// Row tiles of a block that fetch the next one, which follows in memory, so that the memory works
/// while the tiles compute from L1: into the second level, L1 has no room for two blocks. A single
/// tile leaves fetching to the hardware (Zen 4, one row of 8 bits: 19 GB/s with, 27 without).
constexpr int kFetchingTiles = 4;
constexpr int kSecondLevel = 2;
constexpr int kPanelVectors = cpu::kPanelColumns / kLanes;

/// Rows of a tile: integer and float sums of the tile, the codes and the masks fill the registers.
constexpr int kTileRows = kLanes == 16 ? 6 : 4;
constexpr int vectors_for(int rows) {
  if (kLanes == 16) return kPanelVectors;
  return rows == 1 ? 4 : 2;
}

constexpr int unit_bytes(int bits) {
  return 2 * bits * cpu::kVectorBytes;
}
constexpr int value_bytes(Element element) {
  return cpu::kPanelColumns * bytes_of(element);
}

/// One tile's share of a block.
struct AffineTile {
  const std::byte* panel;  // the block's first group
  Element element;
  int group;
  int groups;                // in this block
  const std::int8_t* codes;  // row 0 at the block's first k
  std::size_t codes_stride;
  const cpu::GroupScale* scales;  // row 0 at the block's first group
  std::size_t scales_stride;
  float* sums;
  const std::byte* ahead;  // `ahead_lines` cache lines from here on are prefetched per group
  int ahead_lines;
};

/// totals += step * (scale * sums + bias * code_sum) of one group; `scales` at the strip's column.
template <int kBits, int kRows, int kVectors>
QUIRE_INLINE void add_group(const AffineTile& tile, int group, const std::byte* scales,
                            const Sums<kRows, kVectors>& sums, F32 (&totals)[kRows][kVectors]) {
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const std::byte* at = scales + v * kLanes * bytes_of(tile.element);
    const F32 scale = load_element(at, tile.element);
    const F32 bias = load_element(at + value_bytes(tile.element), tile.element);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const cpu::GroupScale& row = tile.scales[static_cast<std::size_t>(r) * tile.scales_stride +
                                               static_cast<std::size_t>(group)];
      // Whole numbers below 2^24, so the centre comes back exactly.
      F32 dot = __builtin_convertvector(sums.of[r][v], F32);
      if constexpr (kCentre<kBits> != 0) dot += broadcast(kCentre<kBits> * row.code_sum);
      const F32 sum = fma(scale, dot, bias * broadcast(row.code_sum));
      totals[r][v] = fma(broadcast(row.step), sum, totals[r][v]);
    }
  }
}

/// kVectors vectors of columns from `column` on, for kRows rows and all groups of the block.
template <int kBits, Codes kCodes, int kRows, int kVectors>
void affine_strip(const AffineTile& tile, int column) {
  F32 totals[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      totals[r][v] = load(tile.sums + r * cpu::kPanelColumns + column + v * kLanes);
    }
  }
  const std::byte* panel = tile.panel;
  const std::int8_t* x = tile.codes;
  constexpr int kStored = kStoredBits<kBits, kCodes>;
  const int ahead_lines = kCodes == Codes::bytes && column == 0 ? tile.ahead_lines : 0;
  for (int g = 0; g < tile.groups; ++g) {
    const std::byte* scales = panel + column * bytes_of(tile.element);
    panel += 2 * value_bytes(tile.element);
    for (int i = 0; i < ahead_lines; ++i) {
      __builtin_prefetch(tile.ahead + (g * ahead_lines + i) * kLineBytes, 0, kSecondLevel);
    }
    Sums<kRows, kVectors> sums{};
    for (int k = 0; k < tile.group; k += cpu::kUnitDepth) {
      const std::byte* from[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const int first = column + v * kLanes;
        from[v] = panel + first / cpu::kTileColumns * kStored * cpu::kVectorBytes +
                  first % cpu::kTileColumns * cpu::kQuadDepth;
      }
      add_unit<kBits, kCodes>(from, x, tile.codes_stride, sums);
      panel += unit_bytes(kStored);
      x += cpu::kUnitDepth;
    }
    add_group<kBits>(tile, g, scales, sums, totals);
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      store(tile.sums + r * cpu::kPanelColumns + column + v * kLanes, totals[r][v]);
    }
  }
}

template <int kBits, Codes kCodes, int kRows>
void affine_tile(const AffineTile& tile) {
  constexpr int kVectors = vectors_for(kRows);
  for (int v = 0; v < kPanelVectors; v += kVectors) {
    affine_strip<kBits, kCodes, kRows, kVectors>(tile, v * kLanes);
  }
}

template <int kBits, Codes kCodes>
void affine_rows(const AffineTile& tile, int rows) {
  switch (rows) {
    case 1:
      return affine_tile<kBits, kCodes, 1>(tile);
    case 2:
      return affine_tile<kBits, kCodes, 2>(tile);
    case 3:
      return affine_tile<kBits, kCodes, 3>(tile);
    case 4:
      return affine_tile<kBits, kCodes, 4>(tile);
    case 5:
      if constexpr (kTileRows >= 5) return affine_tile<kBits, kCodes, 5>(tile);
      break;
    case 6:
      if constexpr (kTileRows >= 6) return affine_tile<kBits, kCodes, 6>(tile);
      break;
    default:
      break;
  }
  __builtin_unreachable();
}

/// The block as a panel of 8-bit codes with f32 scales and biases, at `to`.
template <int kBits>
void expand_block(const AffineTile& block, std::byte* to) {
  const std::byte* from = block.panel;
  for (int g = 0; g < block.groups; ++g) {
    for (int i = 0; i < 2 * cpu::kPanelColumns; i += kLanes) {
      const F32 value = load_element(from + i * bytes_of(block.element), block.element);
      __builtin_memcpy(to + i * 4, &value, sizeof value);
    }
    from += 2 * value_bytes(block.element);
    to += 2 * value_bytes(Element::f32);
    for (int k = 0; k < block.group; k += cpu::kUnitDepth) {
      for (int tile = 0; tile < cpu::kPanelColumns / cpu::kTileColumns; ++tile) {
        for (int at = 0; at < cpu::kVectorBytes; at += kLanes * 4) {
#pragma GCC unroll 8
          for (int q = 0; q < 8; ++q) {
            const U8x4 codes = codes_of_quad<kBits>(from + at, q);
            __builtin_memcpy(to + q * cpu::kVectorBytes + at, &codes, sizeof codes);
          }
        }
        from += kBits * cpu::kVectorBytes;
        to += 8 * cpu::kVectorBytes;
      }
    }
  }
}

/// The largest expanded block: groups of 32.
struct Expanded {
  alignas(64) std::byte
      bytes[kBlockDepth * cpu::kPanelColumns + kBlockDepth / 32 * 2 * value_bytes(Element::f32)];
};

/// The tiles of one block for all rows. `block` describes row 0 of it; packed_bytes its length.
template <int kBits>
void affine_block(const AffineTile& block, int packed_bytes, const Tiling& tiling, bool expand) {
  Expanded expanded;
  AffineTile tile = block;
  if (expand) {
    expand_block<kBits>(block, expanded.bytes);
    tile.panel = expanded.bytes;
    tile.element = Element::f32;
  }
  const int group_lines = packed_bytes / block.groups / kLineBytes;
  const int fetching = tiling.tiles < kFetchingTiles ? tiling.tiles : kFetchingTiles;
  tile.ahead = block.panel + packed_bytes;
  tile.ahead_lines = (group_lines + fetching - 1) / fetching;
  for (int i = 0; i < tiling.tiles; ++i) {
    const int height = tiling.height(i);
    if (expand) {
      affine_rows<kBits, Codes::bytes>(tile, height);
    } else {
      affine_rows<kBits, Codes::packed>(tile, height);
    }
    tile.codes += static_cast<std::size_t>(height) * tile.codes_stride;
    tile.scales += static_cast<std::size_t>(height) * tile.scales_stride;
    tile.sums += height * cpu::kPanelColumns;
    tile.ahead += block.groups * tile.ahead_lines * kLineBytes;
    if (i + 1 == fetching) tile.ahead_lines = 0;
  }
}

template <int kBits>
void affine_blocks(const cpu::AffinePanel& panel) {
  const Tiling tiling = Tiling::of(panel.rows, kTileRows);
  const bool expand = tiling.tiles > 1 && (kBits != 8 || panel.element != Element::f32);
  const int group_bytes =
      2 * value_bytes(panel.element) + panel.group / cpu::kUnitDepth * unit_bytes(kBits);
  AffineTile block{.panel = panel.panel,
                   .element = panel.element,
                   .group = panel.group,
                   .groups = 0,
                   .codes = panel.codes,
                   .codes_stride = static_cast<std::size_t>(panel.depth),
                   .scales = panel.scales,
                   .scales_stride = static_cast<std::size_t>(panel.depth / panel.group),
                   .sums = panel.sums,
                   .ahead = nullptr,
                   .ahead_lines = 0};
  for (int k = 0; k < panel.depth; k += kBlockDepth) {
    const int left = panel.depth - k;
    block.groups = (left < kBlockDepth ? left : kBlockDepth) / panel.group;
    affine_block<kBits>(block, block.groups * group_bytes, tiling, expand);
    block.panel += block.groups * group_bytes;
    block.codes += block.groups * panel.group;
    block.scales += block.groups;
  }
}

}  // namespace

void affine_panel(const cpu::AffinePanel& panel) {
  __builtin_memset(panel.sums, 0,
                   sizeof(float) * cpu::kPanelColumns * static_cast<std::size_t>(panel.rows));
  switch (panel.bits) {
    case 2:
      return affine_blocks<2>(panel);
    case 3:
      return affine_blocks<3>(panel);
    case 4:
      return affine_blocks<4>(panel);
    case 5:
      return affine_blocks<5>(panel);
    case 6:
      return affine_blocks<6>(panel);
    case 8:
      return affine_blocks<8>(panel);
    default:
      __builtin_unreachable();
  }
}

}  // namespace quire::kernels::QUIRE_ISA
