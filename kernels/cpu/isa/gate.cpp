#include "kernels/cpu/isa/math.h"
#include "kernels/cpu/isa/ops.h"

namespace quire::kernels::QUIRE_ISA {
namespace {

template <class Function>
QUIRE_INLINE void apply(const float* gate, const float* up, float* out, std::int32_t count,
                        Function function) {
  std::int32_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    store(out + i, function(load(gate + i)) * load(up + i));
  }
  if (i < count) {
    const int rest = count - i;
    store_first(out + i, function(load_first(gate + i, rest)) * load_first(up + i, rest), rest);
  }
}

}  // namespace

void gate(const cpu::GateRows& rows, std::int64_t begin, std::int64_t end) {
  for (std::int64_t item = begin; item < end; ++item) {
    const auto r = static_cast<std::size_t>(item / rows.chunks);
    const auto first = static_cast<std::int32_t>(item % rows.chunks) * cpu::kGateChunk;
    const std::int32_t left = rows.width - first;
    const std::int32_t count = left < cpu::kGateChunk ? left : cpu::kGateChunk;
    const float* in = rows.gate.first + r * rows.gate.stride + first;
    const float* up = rows.up.first + r * rows.up.stride + first;
    float* out = rows.out.first + r * rows.out.stride + first;
    switch (rows.kind) {
      case cpu::Gate::silu:
        apply(in, up, out, count, [](F32 x) { return silu(x); });
        break;
      case cpu::Gate::gelu:
        apply(in, up, out, count, [](F32 x) { return gelu(x); });
        break;
      case cpu::Gate::gelu_tanh:
        apply(in, up, out, count, [](F32 x) { return gelu_tanh(x); });
        break;
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
