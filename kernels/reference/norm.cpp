#include <cmath>

#include "kernels/reference/reference_backend.h"

namespace quire::kernels::reference {

void normalise(float* x, std::int32_t width, const float* gain, float epsilon) {
  double squares = 0.0;
  for (std::int32_t i = 0; i < width; ++i) squares += double{x[i]} * double{x[i]};
  const double inverse = 1.0 / std::sqrt(squares / width + double{epsilon});
  for (std::int32_t i = 0; i < width; ++i) {
    x[i] = static_cast<float>(double{x[i]} * inverse * double{gain[i]});
  }
}

void ReferenceBackend::rms_norm(const RmsNormArgs& args) {
  const std::int32_t width = args.residual.cols;
  INVARIANT(args.out.rows == args.residual.rows && args.out.cols == width, "rms_norm shapes agree");
  for (std::int32_t r = 0; r < args.residual.rows; ++r) {
    float* residual = row(args.residual, r);
    float* out = row(args.out, r);
    for (std::int32_t i = 0; i < width; ++i) {
      if (args.delta != nullptr) residual[i] += row(*args.delta, r)[i];
      out[i] = residual[i];
    }
    normalise(out, width, vector_of(args.gain), args.epsilon);
  }
}

}  // namespace quire::kernels::reference
