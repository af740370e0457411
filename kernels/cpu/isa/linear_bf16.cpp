// Dense bf16 linear by dot products of bf16 pairs, for the levels that have the instruction.
#include "kernels/cpu/isa/bf16.h"
#include "kernels/cpu/isa/linear_elements.h"
#include "kernels/cpu/isa/linear_kernels.h"

namespace quire::kernels::QUIRE_ISA {

#if defined(__AVX512BF16__)

namespace {

/// k per block, as in linear_dense.cpp: 16 KiB of a panel, which stay in L1 while the row tiles
/// pass. Part of the summation order.
constexpr int kBlockDepth = 256;
constexpr int kBlockPairs = kBlockDepth / 2;
constexpr int kPairBytes = cpu::kPanelColumns * 4;
constexpr int kBlockBytes = kBlockPairs * kPairBytes;
constexpr int kLineBytes = 64;
constexpr int kRowLines = kBlockDepth * 2 / kLineBytes;  // of x in a block
constexpr int kVectors = cpu::kPanelColumns / kLanes;

/// Rows of a tile: 24 of 32 registers accumulate, one chain per output. With more rows than stay in
/// L1 beside the block, shorter tiles are faster (Zen 4, Gflop/s with 12 and with 8: 32 rows 226
/// and 212, 512 rows 207 and 221).
constexpr int kTileRows = 12;
constexpr int kTileRowsOfMany = 8;
constexpr int kManyRows = 96;

/// How far ahead a single tile fetches; see linear_affine.cpp (Zen 4, 8 rows: 19 -> 22 GB/s).
constexpr int kStreamAhead = 4096;

/// What a tile fetches while it computes. A single tile: as much of the panel as it reads, since it
/// waits for nothing but memory. One of several: half as much. One of many: in addition the rows
/// of the next tile, which L1 has lost (Zen 4, K 8192, 512 rows: 168 -> 213 Gflop/s).
enum class Fetching { stream, block, block_and_rows };

/// One tile's share of a block.
struct Bf16Tile {
  const std::byte* panel;
  const std::uint16_t* x;
  std::size_t x_stride;
  int pairs;               // of k
  bool first;              // sums are written, not added to
  const std::byte* ahead;  // of the panel, is fetched from here on
  float* sums;
};

/// The share of one pair of k.
template <int kRows, Fetching kFetching>
QUIRE_INLINE void fetch(const Bf16Tile& tile, int pair) {
  if constexpr (kFetching == Fetching::stream) {
    __builtin_prefetch(tile.ahead + pair * kPairBytes);
    __builtin_prefetch(tile.ahead + pair * kPairBytes + kLineBytes);
  } else {
    __builtin_prefetch(tile.ahead + pair * kLineBytes);
  }
  if constexpr (kFetching == Fetching::block_and_rows) {
    const int line = pair * (kRows * kRowLines) / kBlockPairs;
    __builtin_prefetch(tile.x + static_cast<std::size_t>(kRows + line / kRowLines) * tile.x_stride +
                       line % kRowLines * cpu::kBf16Line);
  }
}

template <int kRows, Fetching kFetching>
void bf16_tile(const Bf16Tile& tile) {
  F32 sums[kRows][kVectors] = {};
  const std::byte* from = tile.panel;
  for (int pair = 0; pair < tile.pairs; ++pair, from += kPairBytes) {
    fetch<kRows, kFetching>(tile, pair);
    U32 weights[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) weights[v] = load_bytes<U32>(from + v * kLanes * 4);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const U32 x = load_bytes<std::uint32_t>(tile.x + static_cast<std::size_t>(r) * tile.x_stride +
                                              2 * pair) -
                    U32{};
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums[r][v] = dot_bf16(sums[r][v], weights[v], x);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* to = tile.sums + r * cpu::kPanelColumns + v * kLanes;
      store(to, tile.first ? sums[r][v] : load(to) + sums[r][v]);
    }
  }
}

/// REQUIRES: 1 <= rows <= kRows.
template <Fetching kFetching, int kRows>
void bf16_rows(const Bf16Tile& tile, int rows) {
  if (rows == kRows) return bf16_tile<kRows, kFetching>(tile);
  if constexpr (kRows > 1) return bf16_rows<kFetching, kRows - 1>(tile, rows);
  __builtin_unreachable();
}

/// Several tiles, of at most kRows rows, of one block. The first ones fetch the next block, which
/// follows in memory, so that the memory works while the later tiles compute from L1.
template <Fetching kFetching, int kRows>
void bf16_tiles(Bf16Tile tile, const Tiling& tiling) {
  constexpr int kTileAhead = kBlockPairs * kLineBytes;
  const std::byte* next = tile.panel + kBlockBytes;
  for (int i = 0; i < tiling.tiles; ++i) {
    const int height = tiling.height(i);
    tile.ahead = i < kBlockBytes / kTileAhead ? next + i * kTileAhead : tile.panel;
    bf16_rows<kFetching, kRows>(tile, height);
    tile.x += static_cast<std::size_t>(height) * tile.x_stride;
    tile.sums += height * cpu::kPanelColumns;
  }
}

}  // namespace

void bf16_panel(const cpu::Bf16Panel& panel) {
  const bool many = panel.rows >= kManyRows;
  const Tiling tiling = Tiling::of(panel.rows, many ? kTileRowsOfMany : kTileRows);
  const std::byte* from = panel.panel;
  for (int k = 0; k < panel.depth; k += kBlockDepth, from += kBlockBytes) {
    const int left = panel.depth - k;
    const Bf16Tile tile{.panel = from,
                        .x = panel.x + k,
                        .x_stride = panel.x_stride,
                        .pairs = left < kBlockDepth ? (left + 1) / 2 : kBlockPairs,
                        .first = k == 0,
                        .ahead = from + kStreamAhead,
                        .sums = panel.sums};
    if (tiling.tiles == 1) {
      bf16_rows<Fetching::stream, kTileRows>(tile, panel.rows);
    } else if (many) {
      bf16_tiles<Fetching::block_and_rows, kTileRowsOfMany>(tile, tiling);
    } else {
      bf16_tiles<Fetching::block, kTileRows>(tile, tiling);
    }
  }
}

#endif

}  // namespace quire::kernels::QUIRE_ISA
