// What baseline code and ISA code share: plain argument structs and one table of function pointers
// per ISA level. Nothing here (or included here) may define an inline function: the linker could
// keep the copy compiled with AVX for everybody.
//
// Every kernel works on items [begin, end) of its argument and is called once per part of the
// static split; an item's result never depends on begin, end or the number of parts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels {
enum class BlockId : std::int32_t;
}

namespace quire::kernels::cpu {

/// Row-major f32; row r starts at first + r * stride.
struct ConstRows {
  const float* first;
  std::size_t stride;
};
struct Rows {
  float* first;
  std::size_t stride;
};

/// Items are rows.
struct RmsNormRows {
  Rows residual;
  ConstRows delta;    // first is null when there is none
  const float* gain;  // [width]
  Rows out;
  std::int32_t width;
  float epsilon;
};

enum class Gate : std::uint8_t { silu, gelu, gelu_tanh };

/// Items are row * chunks + chunk, kGateChunk columns each.
inline constexpr std::int32_t kGateChunk = 512;
struct GateRows {
  Gate kind;
  ConstRows gate;
  ConstRows up;
  Rows out;
  std::int32_t width;
  std::int32_t chunks;  // width / kGateChunk, rounded up
};

inline constexpr std::int32_t kTileTokens = 16;  // kBlockTokens
enum class KvElement : std::uint8_t { f32, bf16, int8 };

/// One layer of the cache. The K tile of (block, kv head) is at first + block * block_bytes +
/// kv_head * head_bytes, its V tile value_bytes behind it; kernels/README.md has the picture.
struct KvLayer {
  std::byte* first;
  std::size_t block_bytes;
  std::size_t head_bytes;
  std::size_t value_bytes;
  std::int32_t kv_heads;
  std::int32_t head_dim;  // even; a multiple of 4 for int8
  KvElement element;
};

/// Items are rows.
struct RopeStoreRows {
  Rows q;
  Rows k;
  ConstRows v;
  ConstRows angles;     // cos of rotary_dim / 2 pairs, then their sin
  const float* q_gain;  // [head_dim], or null
  const float* k_gain;
  float norm_epsilon;
  std::int32_t heads;
  std::int32_t rotary_dim;
  const std::int32_t* positions;  // per row
  const BlockId* const* blocks;   // per row: its sequence's block table
  KvLayer cache;
};

/// Consecutive rows of one sequence, at most kTileRows.
inline constexpr std::int32_t kTileRows = 8;
struct RowTile {
  std::int32_t first_row;
  std::int32_t rows;
  std::int32_t first_position;
  const BlockId* blocks;
};

/// Positions of one partial result, aligned to absolute positions: what one thread may leave to
/// another. Fixed, so that the order of every sum is: a result per partition, merged ascending.
inline constexpr std::int32_t kPartition = 256;

/// Items are tile * kv_heads + kv_head; item i has (rows of its tile) * heads_per_kv queries, rows
/// first. A partial result is `record` floats per query: head_dim sums, and at the end their
/// softmax's maximum and sum.
struct AttentionItems {
  const RowTile* tiles;
  ConstRows q;
  Rows out;
  KvLayer cache;  // only read
  std::int32_t heads_per_kv;
  std::int32_t window;  // 0 = none
  float scale;
  std::int32_t record;  // at least head_dim rounded up to 16, and 2 more
};

/// Floats that `attention` and `attention_piece` may use at their own: `record` times this.
inline constexpr std::int32_t kAttentionScratchRecords = 128;

/// Partitions [begin, end) of one item. `partials` [end - begin][queries][record]: for a query that
/// sees nothing of a partition, the record stays as it is.
struct AttentionPiece {
  std::int64_t item;
  std::int32_t begin;
  std::int32_t end;
  float* partials;
};

/// The kernels of one ISA level, all compiled with that level's flags.
struct KernelTable {
  const char* isa;     // the level's name, set by the compiled code itself
  std::int32_t lanes;  // f32 per vector
  void (*rms_norm)(const RmsNormRows& rows, std::int64_t begin, std::int64_t end);
  void (*gate)(const GateRows& rows, std::int64_t begin, std::int64_t end);
  void (*rope_store)(const RopeStoreRows& rows, std::int64_t begin, std::int64_t end);
  /// Whole items [begin, end).
  void (*attention)(const AttentionItems& items, std::int64_t begin, std::int64_t end,
                    float* scratch);
  /// The partial results of a piece.
  void (*attention_piece)(const AttentionItems& items, const AttentionPiece& piece, float* scratch);
  /// `out` of an item from the partial results of all its partitions: the bits of `attention`.
  void (*attention_merge)(const AttentionItems& items, const AttentionPiece& whole);
  LinearKernels linear;
};

}  // namespace quire::kernels::cpu
