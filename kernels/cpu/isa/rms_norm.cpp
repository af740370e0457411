#include "kernels/cpu/isa/norm.h"
#include "kernels/cpu/isa/ops.h"

namespace quire::kernels::QUIRE_ISA {
namespace {

void add_to(float* residual, const float* delta, std::int32_t width) {
  std::int32_t i = 0;
  for (; i + kLanes <= width; i += kLanes)
    store(residual + i, load(residual + i) + load(delta + i));
  for (; i < width; ++i) residual[i] += delta[i];
}

}  // namespace

void rms_norm(const cpu::RmsNormRows& rows, std::int64_t begin, std::int64_t end) {
  for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
    float* residual = rows.residual.first + r * rows.residual.stride;
    if (rows.delta.first != nullptr) {
      add_to(residual, rows.delta.first + r * rows.delta.stride, rows.width);
    }
    const float inverse = inverse_rms(residual, rows.width, rows.epsilon);
    scale_by(residual, inverse, rows.gain, rows.width, rows.out.first + r * rows.out.stride);
  }
}

}  // namespace quire::kernels::QUIRE_ISA
