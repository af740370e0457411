#include <cmath>
#include <numbers>

#include "kernels/reference/reference_backend.h"

namespace quire::kernels::reference {
namespace {

double activate(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    case Activation::gelu_tanh: {
      // Hendrycks and Gimpel, arXiv 1606.08415, section 2.
      const double inner = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
      return x / (1.0 + std::exp(-2.0 * inner));  // 0.5 x (1 + tanh), without its cancellation
    }
  }
  INVARIANT(false, "an activation is one of its enumerators");
}

}  // namespace

void ReferenceBackend::gated_activation(const GatedActivationArgs& args) {
  INVARIANT(args.up.rows == args.gate.rows && args.up.cols == args.gate.cols &&
                args.out.rows == args.gate.rows && args.out.cols == args.gate.cols,
            "gated_activation shapes agree");
  for (std::int32_t r = 0; r < args.gate.rows; ++r) {
    const float* gate = row(args.gate, r);
    const float* up = row(args.up, r);
    float* out = row(args.out, r);
    for (std::int32_t i = 0; i < args.gate.cols; ++i) {
      out[i] = static_cast<float>(activate(args.kind, double{gate[i]}) * double{up[i]});
    }
  }
}

}  // namespace quire::kernels::reference
