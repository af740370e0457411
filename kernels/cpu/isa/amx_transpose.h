// 16 x 16 elements of 32 bits, transposed in registers.
#pragma once

#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

/// Exchanges the blocks of kSize x kSize beside the diagonal of every block twice as large.
template <int kSize>
QUIRE_INLINE void exchange_blocks(U32 (&lines)[16]) {
  const I32 lane = lane_numbers();
  const I32 below = (lane & kSize) == 0;  // lanes that keep what they are in the upper line
  const I32 upper = below ? lane : lane + 16 - kSize;
  const I32 lower = below ? lane + kSize : lane + 16;
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if ((i & kSize) != 0) continue;
    const U32 a = lines[i];
    const U32 b = lines[i + kSize];
    lines[i] = __builtin_shuffle(a, b, upper);
    lines[i + kSize] = __builtin_shuffle(a, b, lower);
  }
}

/// Element j of line i becomes element i of line j.
QUIRE_INLINE void transpose(U32 (&lines)[16]) {
  exchange_blocks<1>(lines);
  exchange_blocks<2>(lines);
  exchange_blocks<4>(lines);
  exchange_blocks<8>(lines);
}

}  // namespace quire::kernels::QUIRE_ISA
