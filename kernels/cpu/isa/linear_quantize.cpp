// Activations to int8 codes per row and group.
#include "kernels/cpu/isa/linear_elements.h"
#include "kernels/cpu/isa/linear_kernels.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

using I8 = std::int8_t __attribute__((vector_size(kLanes)));

/// Bits of the largest |x|; as integers they order like the magnitudes, with infinity and then NaN
/// on top.
std::int32_t largest_magnitude(const float* x, int count) {
  I32 largest{};
  for (int i = 0; i < count; i += kLanes) {
    const I32 magnitude = (I32)load(x + i) & 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
  }
  std::int32_t result = 0;
  for (int i = 0; i < kLanes; ++i) result = largest[i] > result ? largest[i] : result;
  return result;
}

/// Nearest integer, ties to even, for |value| < 2^22: adding 1.5 * 2^23 leaves no fraction bits.
QUIRE_INLINE I32 round_to_int(F32 value) {
  constexpr float kMagic = 0x1.8p23F;
  return (I32)(value + kMagic) - __builtin_bit_cast(std::int32_t, kMagic);
}

cpu::GroupScale quantize_group(const float* x, int count, std::int8_t* codes) {
  constexpr std::int32_t kInfinity = 0x7f800000;
  constexpr std::int32_t kTiny = (127 - 100) << 23;  // 2^-100; 127 / max stays finite above it
  const std::int32_t largest = largest_magnitude(x, count);
  if (largest >= kInfinity || largest < kTiny) {
    for (int i = 0; i < count; ++i) codes[i] = 0;
    return {largest >= kInfinity ? __builtin_nanf("") : 0.0F, 0.0F};
  }
  const float magnitude = __builtin_bit_cast(float, largest);
  const F32 inverse = broadcast(127.0F / magnitude);
  I32 sum{};
  for (int i = 0; i < count; i += kLanes) {
    const I32 code = round_to_int(load(x + i) * inverse);
    sum += code;
    const I8 narrow = __builtin_convertvector(code, I8);
    __builtin_memcpy(codes + i, &narrow, sizeof narrow);
  }
  return {magnitude / 127.0F, static_cast<float>(reduce_add(sum))};
}

}  // namespace

void quantize_rows(const cpu::QuantizeRows& rows) {
  const int groups = rows.depth / rows.group;
  for (int r = 0; r < rows.rows; ++r) {
    const float* x = rows.x + static_cast<std::size_t>(r) * rows.x_stride;
    std::int8_t* codes =
        rows.codes + static_cast<std::size_t>(r) * static_cast<std::size_t>(rows.depth);
    cpu::GroupScale* scales =
        rows.scales + static_cast<std::size_t>(r) * static_cast<std::size_t>(groups);
    for (int g = 0; g < groups; ++g) {
      scales[g] = quantize_group(x + g * rows.group, rows.group, codes + g * rows.group);
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
