// Activations to int8 codes per row and group, or to bf16.
#include "kernels/cpu/isa/linear_elements.h"
#include "kernels/cpu/isa/linear_kernels.h"
#include "kernels/cpu/isa/quantize.h"

namespace quire::kernels::QUIRE_ISA {

namespace {

cpu::GroupScale quantize_group(const float* x, int count, std::int8_t* codes) {
  const Steps steps = steps_for(largest_magnitude(x, count), 127.0F);
  const F32 inverse = broadcast(steps.inverse);
  I32 sum{};
  for (int i = 0; i < count; i += kLanes) {
    const I32 code = codes_of(load(x + i), inverse);
    sum += code;
    const I8 narrow = __builtin_convertvector(code, I8);
    __builtin_memcpy(codes + i, &narrow, sizeof narrow);
  }
  return {steps.step, static_cast<float>(reduce_add(sum))};
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

void round_rows(const cpu::RoundRows& rows) {
  const int stride = static_cast<int>(rows.stride);
  for (int r = 0; r < rows.rows; ++r) {
    const float* x = rows.x + static_cast<std::size_t>(r) * rows.x_stride;
    std::uint16_t* to = rows.rounded + static_cast<std::size_t>(r) * rows.stride;
    for (int k = 0; k < stride; k += kLanes) {
      const int left = k < rows.depth ? rows.depth - k : 0;
      const U16 rounded = bf16_of(load_first(x + k, left < kLanes ? left : kLanes));
      __builtin_memcpy(to + k, &rounded, sizeof rounded);
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
