// Affine linear on tiles: weights are the left operand, widened to bf16 group by group, activations
// the right one; so sums come as [column][row] and are transposed at the end.
#include "kernels/cpu/isa/amx_codes.h"
#include "kernels/cpu/isa/amx_transpose.h"
#include "kernels/cpu/isa/linear_kernels.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

/// k per chunk, a multiple of every group: 32 rows of activations are then 32 KiB, which stay in L1
/// while the panels pass. Not part of any sum's order.
constexpr int kChunkDepth = 512;
constexpr int kChunkBytes = kChunkDepth * cpu::kPanelColumns * 2;
static_assert(kChunkBytes * cpu::kTilePanels <= cpu::kTileWorkspaceBytes);
/// The largest group, widened.
constexpr int kGroupBytes = 128 * cpu::kPanelColumns * 2;
/// Of few rows only memory is waited for: as in linear_affine.cpp.
constexpr int kStreamAhead = 4096;

/// A widened group or chunk as the left operand.
QUIRE_INLINE Operand weights_at(const std::byte* widened) {
  return {.tile = {widened, widened + kTileBytes},
          .stride = {kTileRowBytes, kTileRowBytes},
          .step = {kTilesPerStep * kTileBytes, kTilesPerStep * kTileBytes}};
}

/// Up to kPairRows rows from `first` on.
struct RowPair {
  int first;
  int rows;

  static QUIRE_INLINE RowPair at(const cpu::AffineTiles& all, int first) {
    const int left = all.rows - first;
    return {first, left < kPairRows ? left : kPairRows};
  }
  QUIRE_INLINE int height(int tile) const {
    return tile == 0 ? first_height(rows) : second_height(rows);
  }

  /// Their activations from `k` on as the right operand.
  QUIRE_INLINE Operand activations(const cpu::AffineTiles& all, int k) const {
    Operand operand;
    for (int t = 0; t < 2; ++t) {
      const auto row = static_cast<std::size_t>(first + t * kTileRows);
      const auto high = static_cast<std::size_t>(height(t));
      const std::uint16_t* from = all.pairs + row * static_cast<std::size_t>(all.depth) +
                                  static_cast<std::size_t>(k) * high;
      operand.tile[t] = reinterpret_cast<const std::byte*>(from);
      operand.stride[t] = 4 * high;
      operand.step[t] = 2 * kStepDepth * high;
    }
    return operand;
  }

  /// Where their sums lie among those of a panel: [tile][column][row].
  QUIRE_INLINE SumTiles sums(float* panel_sums) const {
    SumTiles tiles;
    for (int t = 0; t < 2; ++t) {
      float* region = panel_sums + (first + t * kTileRows) * cpu::kPanelColumns;
      tiles.of[0][t] = region;
      tiles.of[1][t] = region + kTileRows * height(t);
      tiles.stride[t] = 4 * static_cast<std::size_t>(height(t));
    }
    return tiles;
  }
};

/// Sums of one tile of rows, [32 columns][height], to [height][32 columns] in place.
void transpose_sums(float* sums, int height) {
  if (height == 1) return;
  alignas(64) float columns[cpu::kPanelColumns * kTileRows];
  __builtin_memcpy(columns, sums,
                   sizeof(float) * cpu::kPanelColumns * static_cast<std::size_t>(height));
  for (int half = 0; half < cpu::kPanelColumns; half += kTileRows) {
    U32 lines[kTileRows];
#pragma GCC unroll 16
    for (int c = 0; c < kTileRows; ++c) {
      lines[c] = (U32)load_first(columns + (half + c) * height, height);
    }
    transpose(lines);
#pragma GCC unroll 16
    for (int r = 0; r < kTileRows; ++r) {
      if (r < height) store(sums + r * cpu::kPanelColumns + half, (F32)lines[r]);
    }
  }
}

void transpose_all_sums(float* panel_sums, int rows) {
  for (int first = 0; first < rows; first += kTileRows) {
    const int left = rows - first;
    transpose_sums(panel_sums + first * cpu::kPanelColumns, left < kTileRows ? left : kTileRows);
  }
}

QUIRE_INLINE void prefetch(const std::byte* from, int bytes) {
  for (int i = 0; i < bytes; i += kTileRowBytes) __builtin_prefetch(from + i);
}

/// One panel for at most kPairRows rows: the sums stay in tiles over all of K. A group is widened
/// while the tile unit works on the one before it.
template <int kBits, int kRights>
void narrow_panel(const cpu::AffineTiles& all, const std::byte* panel, float* sums) {
  alignas(64) std::byte widened[2][kGroupBytes];
  const int bytes = group_bytes(kBits, all.element, all.group);
  const int steps = all.group / kStepDepth;
  const auto widen = [&](int k, int slot) {
    prefetch(panel + kStreamAhead, bytes);
    widen_group<kBits>(panel, all.element, all.group, widened[slot]);
    panel += bytes;
    return k + all.group;
  };
  const RowPair rows = RowPair::at(all, 0);
  zero_sums<2, kRights>();
  int next = widen(0, 0);
  for (int k = 0, slot = 0; k < all.depth; k += all.group, slot ^= 1) {
    if (next < all.depth) next = widen(next, slot ^ 1);
    multiply<2, kRights>(weights_at(widened[slot]), rows.activations(all, k), steps);
  }
  store_sums<2, kRights>(rows.sums(sums));
  transpose_all_sums(sums, all.rows);
}

template <int kBits>
void narrow(const cpu::AffineTiles& all) {
  const TileScope<Role::right> tiles(all.rows);
  for (int p = 0; p < all.count; ++p) {
    const std::byte* panel = all.panels + static_cast<std::size_t>(p) * all.panel_bytes;
    float* sums = all.sums + p * all.rows * cpu::kPanelColumns;
    if (all.rows > kTileRows) {
      narrow_panel<kBits, 2>(all, panel, sums);
    } else {
      narrow_panel<kBits, 1>(all, panel, sums);
    }
  }
}

/// A chunk of K of all panels, for all rows; sums pass between chunks through memory.
struct Chunk {
  int k;
  int depth;
  const std::byte* packed;  // of the first panel
  const std::byte* next;    // what is widened after this chunk
  int ahead_lines;          // of it, per step

  QUIRE_INLINE int steps() const { return depth / kStepDepth; }
};

Chunk chunk_at(const cpu::AffineTiles& all, int k) {
  const int bytes = group_bytes(all.bits, all.element, all.group);
  const int left = all.depth - k;
  const bool last = left <= kChunkDepth;
  const int depth = last ? left : kChunkDepth;
  const int packed_bytes = depth / all.group * bytes;
  const std::byte* packed = all.panels + k / all.group * bytes;
  const std::byte* beyond = all.panels + static_cast<std::size_t>(all.count) * all.panel_bytes;
  const int pairs = (all.rows + kPairRows - 1) / kPairRows;
  const int all_steps = pairs * (depth / kStepDepth);  // of one panel
  return {.k = k,
          .depth = depth,
          .packed = packed,
          .next = last ? beyond : packed + packed_bytes,
          .ahead_lines = (packed_bytes / kTileRowBytes + all_steps - 1) / all_steps};
}

/// To the workspace, kChunkBytes per panel.
template <int kBits>
void widen_chunk(const cpu::AffineTiles& all, const Chunk& chunk) {
  const int bytes = group_bytes(kBits, all.element, all.group);
  const int widened_bytes = all.group * cpu::kPanelColumns * 2;
  for (int p = 0; p < all.count; ++p) {
    const std::byte* from = chunk.packed + static_cast<std::size_t>(p) * all.panel_bytes;
    std::byte* to = all.workspace + p * kChunkBytes;
    for (int k = 0; k < chunk.depth; k += all.group, from += bytes, to += widened_bytes) {
      widen_group<kBits>(from, all.element, all.group, to);
    }
  }
}

template <int kRights>
void multiply_chunk(const cpu::AffineTiles& all, const Chunk& chunk, RowPair rows) {
  const int passed = rows.first / kPairRows * chunk.steps();  // steps of earlier rows
  for (int p = 0; p < all.count; ++p) {
    const SumTiles sums = rows.sums(all.sums + p * all.rows * cpu::kPanelColumns);
    if (chunk.k == 0) {
      zero_sums<2, kRights>();
    } else {
      load_sums<2, kRights>(sums);
    }
    const std::byte* next = chunk.next + static_cast<std::size_t>(p) * all.panel_bytes;
    multiply<2, kRights>(weights_at(all.workspace + p * kChunkBytes),
                         rows.activations(all, chunk.k), chunk.steps(),
                         Ahead::run(next + passed * chunk.ahead_lines * kTileRowBytes,
                                    chunk.ahead_lines));
    store_sums<2, kRights>(sums);
  }
}

/// More than kPairRows rows: each chunk is widened once for all of them.
template <int kBits>
void wide(const cpu::AffineTiles& all) {
  TileScope<Role::right> tiles(kPairRows);
  for (int k = 0; k < all.depth; k += kChunkDepth) {
    const Chunk chunk = chunk_at(all, k);
    widen_chunk<kBits>(all, chunk);
    for (int first = 0; first < all.rows; first += kPairRows) {
      const RowPair rows = RowPair::at(all, first);
      tiles.configure(rows.rows);
      if (rows.rows > kTileRows) {
        multiply_chunk<2>(all, chunk, rows);
      } else {
        multiply_chunk<1>(all, chunk, rows);
      }
    }
  }
  for (int p = 0; p < all.count; ++p) {
    transpose_all_sums(all.sums + p * all.rows * cpu::kPanelColumns, all.rows);
  }
}

template <int kBits>
void affine(const cpu::AffineTiles& all) {
  return all.rows <= kPairRows ? narrow<kBits>(all) : wide<kBits>(all);
}

}  // namespace

void affine_tiles(const cpu::AffineTiles& all) {
  switch (all.bits) {
    case 2:
      return affine<2>(all);
    case 3:
      return affine<3>(all);
    case 4:
      return affine<4>(all);
    case 5:
      return affine<5>(all);
    case 6:
      return affine<6>(all);
    case 8:
      return affine<8>(all);
    default:
      __builtin_unreachable();
  }
}

}  // namespace quire::kernels::QUIRE_ISA
