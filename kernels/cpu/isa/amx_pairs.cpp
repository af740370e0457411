// Activations as right tiles of a product: rounded to bf16, pairs of k side by side, rows across.
#include "kernels/cpu/isa/amx_codes.h"
#include "kernels/cpu/isa/amx_transpose.h"
#include "kernels/cpu/isa/linear_kernels.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

constexpr int kStepPairs = kStepDepth / 2;

/// `height` rows of x to [depth / 2][height][2].
void pair_tile(const float* x, std::size_t x_stride, int height, int depth, std::uint16_t* to) {
  for (int k = 0; k < depth; k += kStepDepth) {
    U32 lines[kTileRows] = {};
    for (int r = 0; r < height; ++r) {
      const float* from = x + static_cast<std::size_t>(r) * x_stride + k;
      lines[r] = (U32)round_pair(load(from), load(from + kLanes));
    }
    if (height == 1) {
      __builtin_memcpy(to, &lines[0], sizeof lines[0]);
    } else {
      transpose(lines);
#pragma GCC unroll 16
      for (int p = 0; p < kStepPairs; ++p) {
        store_first(reinterpret_cast<float*>(to) + p * height, (F32)lines[p], height);
      }
    }
    to += kStepDepth * height;
  }
}

}  // namespace

void pair_rows(const cpu::PairRows& rows) {
  for (int first = 0; first < rows.rows; first += kTileRows) {
    const int left = rows.rows - first;
    const auto row = static_cast<std::size_t>(first);
    pair_tile(rows.x + row * rows.x_stride, rows.x_stride, left < kTileRows ? left : kTileRows,
              rows.depth, rows.pairs + row * static_cast<std::size_t>(rows.depth));
  }
}

}  // namespace quire::kernels::QUIRE_ISA
