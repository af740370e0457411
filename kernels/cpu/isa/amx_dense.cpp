// Dense bf16 linear on tiles: activations are the left operand, a panel as it lies in memory the
// right one, so no weight is touched but by the tile loads.
#include "kernels/cpu/isa/amx_tiles.h"
#include "kernels/cpu/isa/linear_kernels.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

/// k per chunk: 32 rows of activations are then 32 KiB, which stay in L1 while the panels pass. Not
/// part of any sum's order.
constexpr int kChunkDepth = 512;
constexpr int kPairBytes = cpu::kPanelColumns * 4;  // two k of a panel
constexpr int kStepBytes = kStepDepth / 2 * kPairBytes;
constexpr int kStepLines = kStepBytes / kTileRowBytes;
/// Of few rows only memory is waited for; fetching this far ahead crosses the pages at which
/// hardware prefetchers stop.
constexpr int kStreamAhead = 8192;

QUIRE_INLINE Operand weights_at(const std::byte* from) {
  return {.tile = {from, from + kTileRowBytes},
          .stride = {kPairBytes, kPairBytes},
          .step = {kStepBytes, kStepBytes}};
}

/// Rows from `first` on, from `k` on.
QUIRE_INLINE Operand activations_at(const cpu::Bf16Panel& all, int first, int k) {
  const std::uint16_t* from = all.x + static_cast<std::size_t>(first) * all.x_stride + k;
  const std::uint16_t* second = from + kTileRows * all.x_stride;
  return {.tile = {reinterpret_cast<const std::byte*>(from),
                   reinterpret_cast<const std::byte*>(second)},
          .stride = {2 * all.x_stride, 2 * all.x_stride},
          .step = {kTileRowBytes, kTileRowBytes}};
}

QUIRE_INLINE SumTiles sums_at(float* sums) {
  constexpr int kTileSums = kTileRows * cpu::kPanelColumns;
  constexpr std::size_t kStride = sizeof(float) * cpu::kPanelColumns;
  return {.of = {{sums, sums + kTileRows}, {sums + kTileSums, sums + kTileSums + kTileRows}},
          .stride = {kStride, kStride}};
}

/// [k, k + depth) of a panel times up to kPairRows rows, into the sums that the tiles hold.
template <int kLefts>
QUIRE_INLINE void multiply_depth(const cpu::Bf16Panel& all, const std::byte* panel, int first,
                                 int k, int depth, const Ahead& weights, const Ahead& rows = {}) {
  const int steps = depth / kStepDepth;
  const std::byte* from = panel + k / 2 * kPairBytes;
  multiply<kLefts, 2>(activations_at(all, first, k), weights_at(from), steps, weights, rows);
  const int done = steps * kStepDepth;
  if (done == depth) return;
  // The panel ends within a step: whole tiles of a copy, with zeros behind it.
  alignas(64) std::byte rest[kStepBytes] = {};
  __builtin_memcpy(rest, from + steps * kStepBytes,
                   static_cast<std::size_t>((depth - done + 1) / 2 * kPairBytes));
  multiply<kLefts, 2>(activations_at(all, first, k + done), weights_at(rest), 1);
}

template <int kLefts>
void narrow(const cpu::Bf16Panel& all) {
  const TileScope<Role::left> tiles(all.rows);
  const std::byte* panel = all.panel;
  float* sums = all.sums;
  for (int p = 0; p < all.panels; ++p) {
    zero_sums<kLefts, 2>();
    multiply_depth<kLefts>(all, panel, 0, 0, all.depth,
                           Ahead::run(panel + kStreamAhead, kStepLines));
    store_sums<kLefts, 2>(sums_at(sums));
    panel += all.panel_bytes;
    sums += all.rows * cpu::kPanelColumns;
  }
}

/// A chunk of K of all panels, for all rows; sums pass between chunks through memory.
struct Chunk {
  int k;
  int depth;
  const std::byte* next;  // of the first panel, the chunk that follows
  int ahead_lines;        // of it, per step
};

/// A panel's share of the activations that the following rows (or those of the next chunk) take:
/// each in a page of its own, which hardware prefetchers do not follow.
QUIRE_INLINE Ahead rows_ahead(const cpu::Bf16Panel& all, const Chunk& chunk, int first, int panel) {
  const int share = (kPairRows + all.panels - 1) / all.panels;
  const bool turn = first + kPairRows >= all.rows;
  const int row = (turn ? 0 : first + kPairRows) + panel * share;
  const std::uint16_t* from = all.x + static_cast<std::size_t>(row) * all.x_stride + chunk.k +
                              (turn ? chunk.depth : 0);
  return {reinterpret_cast<const std::byte*>(from), share, 2 * all.x_stride, kTileRowBytes};
}

template <int kLefts>
QUIRE_INLINE void multiply_chunk(const cpu::Bf16Panel& all, const Chunk& chunk, int first) {
  const int lines = first / kPairRows * (chunk.depth / kStepDepth) * chunk.ahead_lines;
  for (int p = 0; p < all.panels; ++p) {
    const std::size_t panel = static_cast<std::size_t>(p) * all.panel_bytes;
    const SumTiles sums = sums_at(all.sums + (p * all.rows + first) * cpu::kPanelColumns);
    const std::byte* next = chunk.next + panel + lines * kTileRowBytes;
    if (chunk.k == 0) {
      zero_sums<kLefts, 2>();
    } else {
      load_sums<kLefts, 2>(sums);
    }
    multiply_depth<kLefts>(all, all.panel + panel, first, chunk.k, chunk.depth,
                           Ahead::run(next, chunk.ahead_lines), rows_ahead(all, chunk, first, p));
    store_sums<kLefts, 2>(sums);
  }
}

void wide(const cpu::Bf16Panel& all) {
  const int pairs = (all.rows + kPairRows - 1) / kPairRows;
  TileScope<Role::left> tiles(kPairRows);
  for (int k = 0; k < all.depth; k += kChunkDepth) {
    const int left = all.depth - k;
    const bool last = left <= kChunkDepth;
    const std::size_t next = last ? static_cast<std::size_t>(all.panels) * all.panel_bytes
                                  : static_cast<std::size_t>(k + kChunkDepth) / 2 * kPairBytes;
    const Chunk chunk{.k = k,
                      .depth = last ? left : kChunkDepth,
                      .next = all.panel + next,
                      .ahead_lines = (kStepLines + pairs - 1) / pairs};
    for (int first = 0; first < all.rows; first += kPairRows) {
      const int rows = all.rows - first < kPairRows ? all.rows - first : kPairRows;
      tiles.configure(rows);
      if (rows > kTileRows) {
        multiply_chunk<2>(all, chunk, first);
      } else {
        multiply_chunk<1>(all, chunk, first);
      }
    }
  }
}

}  // namespace

void bf16_panel(const cpu::Bf16Panel& all) {
  if (all.rows > kPairRows) return wide(all);
  return all.rows > kTileRows ? narrow<2>(all) : narrow<1>(all);
}

}  // namespace quire::kernels::QUIRE_ISA
