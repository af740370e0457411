// Dense linear: outer products of activations and one panel, accumulators in registers.
#include "kernels/cpu/isa/linear_elements.h"
#include "kernels/cpu/isa/linear_kernels.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

/// k per block: a bf16 block of a panel is 16 KiB, so it stays in L1 while the row tiles pass. Part
/// of the summation order, hence the same on every level and for every element type.
constexpr int kBlockDepth = 256;

constexpr int kLineBytes = 64;
constexpr int kPanelVectors = cpu::kPanelColumns / kLanes;

/// Rows of a tile: with the widths below, two chains per output fill the registers (24 of 32
/// accumulate with AVX-512, 12 of 16 otherwise).
constexpr int kTileRows = 6;
constexpr int vectors_for(int rows) {
  if (kLanes == 16) return kPanelVectors;
  return rows == 1 ? 4 : rows <= 3 ? 2 : 1;
}

/// One tile's share of a block: rows of x from `x`, k in [0, depth) from `panel`.
struct DenseTile {
  const std::byte* panel;
  const float* x;
  std::size_t x_stride;
  int depth;
  bool first;              // sums are written, not added to
  const std::byte* ahead;  // one cache line from here on is prefetched per pair of k
  float* sums;
};

template <Element kElement, int kRows, int kVectors>
void dense_strip(const DenseTile& tile, int column) {
  using Pair = DensePair<kElement>;
  F32 even[kRows][kVectors] = {};
  F32 odd[kRows][kVectors] = {};
  const std::byte* from = tile.panel;
  const std::byte* ahead = column == 0 ? tile.ahead : tile.panel;
  int k = 0;
  for (; k + 2 <= tile.depth; k += 2, from += 2 * cpu::kPanelColumns * bytes_of(kElement)) {
    __builtin_prefetch(ahead + k / 2 * kLineBytes);
    Pair weights[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) weights[v] = Pair::load(from, column + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float* x = tile.x + static_cast<std::size_t>(r) * tile.x_stride + k;
      const F32 x_even = broadcast(x[0]);
      const F32 x_odd = broadcast(x[1]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        even[r][v] = fma(weights[v].even, x_even, even[r][v]);
        odd[r][v] = fma(weights[v].odd, x_odd, odd[r][v]);
      }
    }
  }
  if (k < tile.depth) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const F32 weights = Pair::load_even(from, column + v * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const F32 x = broadcast(tile.x[static_cast<std::size_t>(r) * tile.x_stride + k]);
        even[r][v] = fma(weights, x, even[r][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* to = tile.sums + r * cpu::kPanelColumns + column + v * kLanes;
      const F32 sum = even[r][v] + odd[r][v];
      store(to, tile.first ? sum : load(to) + sum);
    }
  }
}

template <Element kElement, int kRows>
void dense_tile(const DenseTile& tile) {
  constexpr int kVectors = vectors_for(kRows);
  for (int v = 0; v < kPanelVectors; v += kVectors) {
    dense_strip<kElement, kRows, kVectors>(tile, v * kLanes);
  }
}

template <Element kElement>
void dense_rows(const DenseTile& tile, int rows) {
  switch (rows) {
    case 1:
      return dense_tile<kElement, 1>(tile);
    case 2:
      return dense_tile<kElement, 2>(tile);
    case 3:
      return dense_tile<kElement, 3>(tile);
    case 4:
      return dense_tile<kElement, 4>(tile);
    case 5:
      return dense_tile<kElement, 5>(tile);
    case 6:
      return dense_tile<kElement, 6>(tile);
    default:
      __builtin_unreachable();
  }
}

template <Element kElement>
void dense_blocks(const cpu::DensePanel& panel) {
  // The first row tiles of a block fetch the next one, which follows in memory, so that the memory
  // works while the later tiles compute from L1.
  constexpr int kBlockBytes = kBlockDepth * cpu::kPanelColumns * bytes_of(kElement);
  constexpr int kTileAhead = kBlockDepth / 2 * kLineBytes;
  const Tiling tiling = Tiling::of(panel.rows, kTileRows);
  const std::byte* from = panel.panel;
  for (int k = 0; k < panel.depth; k += kBlockDepth) {
    const int left = panel.depth - k;
    DenseTile tile{.panel = from,
                   .x = panel.x + k,
                   .x_stride = panel.x_stride,
                   .depth = left < kBlockDepth ? left : kBlockDepth,
                   .first = k == 0,
                   .ahead = from,
                   .sums = panel.sums};
    for (int i = 0; i < tiling.tiles; ++i) {
      const int height = tiling.height(i);
      tile.ahead = tiling.tiles > 1 && i < kBlockBytes / kTileAhead
                       ? from + kBlockBytes + i * kTileAhead
                       : from;
      dense_rows<kElement>(tile, height);
      tile.x += static_cast<std::size_t>(height) * panel.x_stride;
      tile.sums += height * cpu::kPanelColumns;
    }
    from += kBlockBytes;
  }
}

}  // namespace

void dense_panel(const cpu::DensePanel& panel) {
  switch (panel.element) {
    case Element::f32:
      return dense_blocks<Element::f32>(panel);
    case Element::f16:
      return dense_blocks<Element::f16>(panel);
    case Element::bf16:
      return dense_blocks<Element::bf16>(panel);
  }
}

}  // namespace quire::kernels::QUIRE_ISA
