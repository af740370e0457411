// Argument structs and function pointers of the linear kernels, and the constants of the packed
// layouts that they stream (pictures: kernels/README.md, "Packed weights"); see kernel_table.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quire::kernels::cpu {

/// Output columns of a panel: two AVX-512 vectors of f32, and fine enough to split N over threads.
inline constexpr std::int32_t kPanelColumns = 32;
/// Columns of a tile of codes: one quad (4 consecutive k) of 16 columns fills a cache line.
inline constexpr std::int32_t kTileColumns = 16;
/// Codes along K in a unit: every MLX group (32, 64, 128) is a whole number of units.
inline constexpr std::int32_t kUnitDepth = 32;
inline constexpr std::int32_t kQuadDepth = 4;
/// One vector of a tile: a bit plane's share of kTileColumns columns.
inline constexpr std::int32_t kVectorBytes = 64;

/// Rows that share one pass over a panel; also the height of the `sums` scratch.
inline constexpr std::int32_t kMaxLinearRows = 512;

/// Stored type of dense weights, or of affine scales and biases. DType's twin for ISA code, because
/// dtype.h defines inline functions.
enum class Element : std::uint8_t { f32, f16, bf16 };

/// sums[r][c] = sum over k of x[r][k] * panel[k][c], in blocks of 256 k: inside a block one chain
/// of multiply-adds over even k, one over odd k, then even + odd; the blocks are added in order.
struct DensePanel {
  const std::byte* panel;
  Element element;
  std::int32_t depth;  // K
  const float* x;      // [rows, depth]
  std::size_t x_stride;
  std::int32_t rows;  // 1 .. kMaxLinearRows
  float* sums;        // [rows, kPanelColumns], 64-byte aligned
};

/// Activations of one row and group: x[k] = step * code[k] with |code| <= 127, and the codes' sum.
/// step is NaN where the group holds a value that is not finite, and the codes are zero.
struct GroupScale {
  float step;
  float code_sum;
};

/// sums[r][c] = sum over groups, in order, of step * (scale * (sum of code * x code) + bias *
/// code_sum), with exact integer inner sums.
struct AffinePanel {
  const std::byte* panel;
  Element element;
  std::int32_t bits;
  std::int32_t group;
  std::int32_t depth;        // K, a multiple of group
  const std::int8_t* codes;  // [rows, depth]
  const GroupScale* scales;  // [rows, depth / group]
  std::int32_t rows;         // 1 .. kMaxLinearRows
  float* sums;               // [rows, kPanelColumns], 64-byte aligned
};

/// Quantises rows of activations to int8 per group: step = max |x| / 127, codes rounded to nearest
/// even. A group whose largest magnitude is below 2^-100 counts as zero.
struct QuantizeRows {
  const float* x;  // [rows, depth]
  std::size_t x_stride;
  std::int32_t rows;
  std::int32_t depth;  // a multiple of group
  std::int32_t group;
  std::int8_t* codes;  // [rows, depth]
  GroupScale* scales;  // [rows, depth / group]
};

/// Rows of activations rounded to bf16 begin at multiples of this many elements: a cache line, and
/// the row of a matrix tile.
inline constexpr std::int32_t kBf16Line = 32;

/// Rounds rows of activations to bf16: to nearest, ties to even; a NaN stays a NaN, what is beyond
/// the largest finite bf16 by half a step becomes infinity. Zeros from depth to stride.
struct RoundRows {
  const float* x;  // [rows, depth]
  std::size_t x_stride;
  std::int32_t rows;
  std::int32_t depth;
  std::uint16_t* rounded;  // [rows, stride], 64-byte aligned
  std::size_t stride;      // at least depth, a multiple of kBf16Line
};

/// sums[p][r][c] = sum over k of x[r][k] * panel p[k][c], both bf16, in f32; the level's own order
/// of additions, which depends on depth alone.
struct Bf16Panel {
  const std::byte* panel;   // [depth / 2][kPanelColumns][2], an odd depth padded with zero
  std::size_t panel_bytes;  // from a panel to the next
  std::int32_t panels;      // 1 .. LinearKernels::panels
  std::int32_t depth;       // K
  const std::uint16_t* x;   // [rows, depth], 64-byte aligned, zeros from depth to x_stride
  std::size_t x_stride;     // a multiple of kBf16Line
  std::int32_t rows;        // 1 .. kMaxLinearRows
  float* sums;              // [panels, rows, kPanelColumns], 64-byte aligned
};

/// Rows of activations in one matrix tile.
inline constexpr std::int32_t kPairTileRows = 16;
static_assert(kMaxLinearRows % kPairTileRows == 0);  // a pass over a panel begins with a tile

/// Rounds rows of activations to bf16 and interleaves them for matrix tiles: tiles of
/// kPairTileRows rows, the last with what is left, each [depth / 2][rows of the tile][2] at the
/// place of its first row. Rounds as RoundRows does, except that what is below 2^-126 in magnitude
/// counts as zero, as it does in the products.
struct PairRows {
  const float* x;  // [rows, depth]
  std::size_t x_stride;
  std::int32_t rows;
  std::int32_t depth;    // a multiple of kUnitDepth
  std::uint16_t* pairs;  // [rows, depth], 64-byte aligned
};

/// Most panels that one call takes, and the memory that it needs for them: weights of 512 k.
inline constexpr std::int32_t kTilePanels = 8;
inline constexpr std::size_t kTileWorkspaceBytes =
    std::size_t{kTilePanels} * kPanelColumns * 512 * sizeof(std::uint16_t);

/// sums[p][r][c] = sum over k of x[r][k] * w[k][c], where w is scale * code + bias rounded to f32,
/// then to bf16, in the order of Bf16Panel on the same level.
struct AffineTiles {
  const std::byte* panels;  // in word order (packed_layout.h)
  std::size_t panel_bytes;  // from a panel to the next
  std::int32_t count;       // 1 .. LinearKernels::panels
  Element element;
  std::int32_t bits;
  std::int32_t group;
  std::int32_t depth;          // K, a multiple of group
  const std::uint16_t* pairs;  // of PairRows
  std::int32_t rows;           // 1 .. kMaxLinearRows
  float* sums;                 // [count, rows, kPanelColumns], 64-byte aligned
  std::byte* workspace;        // kTileWorkspaceBytes, 64-byte aligned
};

/// How a tile of affine codes fills its bit planes (kernels/README.md, "Packed weights").
enum class CodeOrder : std::uint8_t { quads, words };

struct LinearKernels {
  void (*dense_panel)(const DensePanel& panel);
  /// Null where the level has no products of bf16: dense_panel then takes dense bf16 weights too.
  void (*bf16_panel)(const Bf16Panel& panel);
  /// Codes in order `quads` meet int8 activations of quantize_rows in affine_panel, those in order
  /// `words` bf16 activations of pair_rows in affine_tiles; the other order's kernels are null.
  CodeOrder code_order;
  void (*affine_panel)(const AffinePanel& panel);
  void (*affine_tiles)(const AffineTiles& tiles);
  void (*quantize_rows)(const QuantizeRows& rows);
  void (*pair_rows)(const PairRows& rows);
  void (*round_rows)(const RoundRows& rows);
  /// Panels that a call of bf16_panel or affine_tiles takes at most: they share activations.
  std::int32_t panels;
};

}  // namespace quire::kernels::cpu
