// Root mean square of a row, in an order that only the width fixes.
#pragma once

#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

/// 1 / sqrt(mean(x^2) + epsilon). Vector j of the row goes to accumulator j mod 4 (four chains hide
/// the latency of the multiply-add); a tail counts as a vector padded with zeros.
QUIRE_INLINE float inverse_rms(const float* x, std::int32_t width, float epsilon) {
  F32 sums[4] = {};
  std::int32_t i = 0;
  for (; i + 4 * kLanes <= width; i += 4 * kLanes) {
    for (int j = 0; j < 4; ++j) {
      const F32 part = load(x + i + j * kLanes);
      sums[j] = fma(part, part, sums[j]);
    }
  }
  for (int j = 0; i < width; ++j, i += kLanes) {
    const F32 part = load_first(x + i, width - i < kLanes ? width - i : kLanes);
    sums[j] = fma(part, part, sums[j]);
  }
  const float sum = reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
  return 1.0F / __builtin_sqrtf(sum / static_cast<float>(width) + epsilon);
}

/// out = x * inverse * gain; out may be x.
QUIRE_INLINE void scale_by(const float* x, float inverse, const float* gain, std::int32_t width,
                           float* out) {
  const F32 factor = broadcast(inverse);
  std::int32_t i = 0;
  for (; i + kLanes <= width; i += kLanes) store(out + i, load(x + i) * factor * load(gain + i));
  if (i < width) {
    const int rest = width - i;
    store_first(out + i, load_first(x + i, rest) * factor * load_first(gain + i, rest), rest);
  }
}

}  // namespace quire::kernels::QUIRE_ISA
