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
enum class KvElement : std::uint8_t { f32, bf16 };

/// One layer of the cache. The K tile of (block, kv head) is at first + block * block_bytes +
/// kv_head * head_bytes, its V tile value_bytes behind it; kernels/README.md has the picture.
struct KvLayer {
  std::byte* first;
  std::size_t block_bytes;
  std::size_t head_bytes;
  std::size_t value_bytes;
  std::int32_t kv_heads;
  std::int32_t head_dim;  // even
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

/// Items are tile * kv_heads + kv_head.
struct AttentionItems {
  const RowTile* tiles;
  ConstRows q;
  Rows out;
  KvLayer cache;  // only read
  std::int32_t heads_per_kv;
  std::int32_t window;  // 0 = none
  float scale;
};

/// The kernels of one ISA level, all compiled with that level's flags.
struct KernelTable {
  const char* isa;     // the level's name, set by the compiled code itself
  std::int32_t lanes;  // f32 per vector
  void (*rms_norm)(const RmsNormRows& rows, std::int64_t begin, std::int64_t end);
  void (*gate)(const GateRows& rows, std::int64_t begin, std::int64_t end);
  void (*rope_store)(const RopeStoreRows& rows, std::int64_t begin, std::int64_t end);
  void (*attention)(const AttentionItems& items, std::int64_t begin, std::int64_t end);
  LinearKernels linear;
};

}  // namespace quire::kernels::cpu
