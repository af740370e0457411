// The tile registers of the level `amx`: C (2 x 2 tiles of f32) += L (2 tiles) R (2 tiles), bf16.
//
// The order of every sum is the instruction's: per step of 32 k one chain of multiply-adds over the
// even k and one over the odd, even + odd, added to C; steps in order. It depends neither on the
// tiles' heights nor on which operand the weights are, since a * b is b * a.
#pragma once

#include "kernels/cpu/isa/linear_table.h"
#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

inline constexpr int kTileRows = 16;
inline constexpr int kTileRowBytes = 64;
inline constexpr int kTileBytes = kTileRows * kTileRowBytes;
/// k of one step, a full tile row of bf16.
inline constexpr int kStepDepth = 32;
/// Rows of activations that a pair of tiles holds.
inline constexpr int kPairRows = 2 * kTileRows;

/// Numbers of the tile registers. kSum01 is rows of L0 times columns of R1.
inline constexpr int kSum00 = 0, kSum01 = 1, kSum10 = 2, kSum11 = 3;
inline constexpr int kLeft0 = 4, kLeft1 = 5, kRight0 = 6, kRight1 = 7;

/// What ldtilecfg reads.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  constexpr void shape(int tile, int height, int bytes) {
    if (height == 0 || bytes == 0) return;
    rows[tile] = static_cast<std::uint8_t>(height);
    row_bytes[tile] = static_cast<std::uint16_t>(bytes);
  }
};

// The compiler's own intrinsics (GCC 12) declare neither what tileloadd reads nor more than 8 of
// the 64 bytes that ldtilecfg reads, so that stores before them may move or vanish.

template <int kTile>
QUIRE_INLINE void load_tile(const void* from, std::size_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "n"(kTile) : "memory");
}
template <int kTile>
QUIRE_INLINE void store_tile(void* to, std::size_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "n"(kTile) : "memory");
}
template <int kTile>
QUIRE_INLINE void zero_tile() {
  asm volatile("tilezero %%tmm%c0" : : "n"(kTile));
}
template <int kSum, int kLeft, int kRight>
QUIRE_INLINE void multiply_tiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "n"(kSum), "n"(kLeft), "n"(kRight));
}

/// Which operand the activations are; the other one is full tiles of weights.
enum class Role : std::uint8_t { left, right };

/// Heights of the two tiles that hold 1 .. kPairRows rows of activations.
constexpr int first_height(int rows) {
  return rows < kTileRows ? rows : kTileRows;
}
constexpr int second_height(int rows) {
  return rows - first_height(rows);
}

constexpr TileConfig config_for(Role role, int rows) {
  constexpr int kSums[2][2] = {{kSum00, kSum01}, {kSum10, kSum11}};
  TileConfig config;
  for (int i = 0; i < 2; ++i) {
    const int height = i == 0 ? first_height(rows) : second_height(rows);
    const bool left = role == Role::left;
    config.shape(kLeft0 + i, left ? height : kTileRows, kTileRowBytes);
    config.shape(kRight0 + i, kTileRows, left ? kTileRowBytes : 4 * height);
    for (int j = 0; j < 2; ++j) {  // the sums of these rows with both tiles of weights
      config.shape(left ? kSums[i][j] : kSums[j][i], left ? height : kTileRows,
                   left ? kTileRowBytes : 4 * height);
    }
  }
  return config;
}

template <Role kRole>
struct TileConfigs {
  TileConfig of[kPairRows + 1] = {};
  constexpr TileConfigs() {
    for (int rows = 1; rows <= kPairRows; ++rows) of[rows] = config_for(kRole, rows);
  }
};
template <Role kRole>
inline constexpr TileConfigs<kRole> kTileConfigs;

/// The calling thread's tiles, configured for a while. Released at the end, so that a thread that
/// does something else has no tile state for the system to save.
template <Role kRole>
class TileScope {
 public:
  explicit QUIRE_INLINE TileScope(int rows) { configure(rows); }
  QUIRE_INLINE ~TileScope() { asm volatile("tilerelease"); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;

  /// Zeroes all tiles; nothing happens for the same number of rows, 1 .. kPairRows.
  QUIRE_INLINE void configure(int rows) {
    if (rows == rows_) return;
    rows_ = rows;
    asm volatile("ldtilecfg %0" : : "m"(kTileConfigs<kRole>.of[rows]));
  }

 private:
  int rows_ = 0;
};

/// Two tiles of one operand, and the way to the next step.
struct Operand {
  const std::byte* tile[2];
  std::size_t stride[2];  // bytes from a row to the next
  std::size_t step[2];    // bytes from a step to the next

  QUIRE_INLINE void advance() {
    tile[0] += step[0];
    tile[1] += step[1];
  }
};

/// Cache lines to fetch into the second level while steps pass.
struct Ahead {
  const std::byte* from = nullptr;
  int lines = 0;  // per step
  std::size_t line = kTileRowBytes;  // bytes from a line to the next
  std::size_t step = 0;              // bytes from a step to the next

  /// What lies in one run of memory.
  static QUIRE_INLINE Ahead run(const std::byte* from, int lines) {
    return {from, lines, kTileRowBytes, static_cast<std::size_t>(lines) * kTileRowBytes};
  }
  QUIRE_INLINE void fetch(int s) const {
    const std::byte* at = from + static_cast<std::size_t>(s) * step;
    for (int i = 0; i < lines; ++i, at += line) __builtin_prefetch(at, 0, 2);
  }
};

/// `steps` steps into the sums that the tiles hold. With one tile on the right (or left), the other
/// is neither configured nor touched.
template <int kLefts, int kRights>
QUIRE_INLINE void multiply(Operand left, Operand right, int steps, const Ahead& weights = {},
                           const Ahead& rows = {}) {
  for (int s = 0; s < steps; ++s) {
    weights.fetch(s);
    rows.fetch(s);
    load_tile<kLeft0>(left.tile[0], left.stride[0]);
    load_tile<kRight0>(right.tile[0], right.stride[0]);
    multiply_tiles<kSum00, kLeft0, kRight0>();
    if constexpr (kRights > 1) {
      load_tile<kRight1>(right.tile[1], right.stride[1]);
      multiply_tiles<kSum01, kLeft0, kRight1>();
    }
    if constexpr (kLefts > 1) {
      load_tile<kLeft1>(left.tile[1], left.stride[1]);
      multiply_tiles<kSum10, kLeft1, kRight0>();
    }
    if constexpr (kLefts > 1 && kRights > 1) multiply_tiles<kSum11, kLeft1, kRight1>();
    left.advance();
    right.advance();
  }
}

/// Where the tiles of sums lie in memory.
struct SumTiles {
  float* of[2][2];        // [left][right]
  std::size_t stride[2];  // bytes from a row to the next, by the right tile
};

template <int kLefts, int kRights>
QUIRE_INLINE void zero_sums() {
  zero_tile<kSum00>();
  if constexpr (kRights > 1) zero_tile<kSum01>();
  if constexpr (kLefts > 1) zero_tile<kSum10>();
  if constexpr (kLefts > 1 && kRights > 1) zero_tile<kSum11>();
}

template <int kLefts, int kRights>
QUIRE_INLINE void load_sums(const SumTiles& sums) {
  load_tile<kSum00>(sums.of[0][0], sums.stride[0]);
  if constexpr (kRights > 1) load_tile<kSum01>(sums.of[0][1], sums.stride[1]);
  if constexpr (kLefts > 1) load_tile<kSum10>(sums.of[1][0], sums.stride[0]);
  if constexpr (kLefts > 1 && kRights > 1) load_tile<kSum11>(sums.of[1][1], sums.stride[1]);
}

template <int kLefts, int kRights>
QUIRE_INLINE void store_sums(const SumTiles& sums) {
  store_tile<kSum00>(sums.of[0][0], sums.stride[0]);
  if constexpr (kRights > 1) store_tile<kSum01>(sums.of[0][1], sums.stride[1]);
  if constexpr (kLefts > 1) store_tile<kSum10>(sums.of[1][0], sums.stride[0]);
  if constexpr (kLefts > 1 && kRights > 1) store_tile<kSum11>(sums.of[1][1], sums.stride[1]);
}

}  // namespace quire::kernels::QUIRE_ISA
