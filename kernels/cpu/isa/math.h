// Elementary functions on vectors, a few units in the last place from exact over all of f32. A
// lane's result depends on that lane's argument alone.
#pragma once

#include "kernels/cpu/isa/simd.h"

namespace quire::kernels::QUIRE_ISA {

/// The Taylor series of e^r up to r^7.
QUIRE_INLINE F32 exp_series(F32 r) {
  F32 series = broadcast(1.0F / 5040);
  series = fma(series, r, broadcast(1.0F / 720));
  series = fma(series, r, broadcast(1.0F / 120));
  series = fma(series, r, broadcast(1.0F / 24));
  series = fma(series, r, broadcast(1.0F / 6));
  series = fma(series, r, broadcast(0.5F));
  series = fma(series, r, broadcast(1.0F));
  return fma(series, r, broadcast(1.0F));
}

/// e^x of x <= 0, at least 2^-126; 0 below that. NaN stays NaN. The series of exp.
QUIRE_INLINE F32 exp_of_negative(F32 x) {
  const F32 magic = broadcast(12582912.0F);
  const F32 least = broadcast(-87.3365F);  // 126 ln 2, rounded towards 0
  const F32 clamped = x < least ? least : x;
  const F32 shifted = fma(clamped, broadcast(1.44269504F), magic);
  const U32 n = (U32)shifted - 0x4b400000U;
  const F32 whole = shifted - magic;
  F32 r = fma(whole, broadcast(-0.693359375F), clamped);
  r = fma(whole, broadcast(2.12194440e-4F), r);
  const F32 power = (F32)((n + 127U) << 23);
  const F32 result = exp_series(r) * power;
  return select(x < least, F32{}, result);
}

/// e^x. Overflows to infinity above 88.72, underflows through subnormals to 0; NaN stays NaN.
/// x = n ln 2 + r with |r| <= ln(2) / 2; the Taylor series of e^r up to r^7 leaves 5e-9, a tenth of
/// a unit in the last place.
QUIRE_INLINE F32 exp(F32 x) {
  // Beyond these the result is infinite or rounds to 0 anyway, and n stays small.
  x = select(x > broadcast(89.0F), broadcast(89.0F), x);
  x = select(x < broadcast(-104.0F), broadcast(-104.0F), x);
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low mantissa bits.
  const F32 magic = broadcast(12582912.0F);
  const F32 shifted = fma(x, broadcast(1.44269504F), magic);
  const I32 n = (I32)((U32)shifted - 0x4b400000U);
  const F32 whole = shifted - magic;
  // ln 2 in two parts; the first has 9 significant bits, so whole * part is exact.
  F32 r = fma(whole, broadcast(-0.693359375F), x);
  r = fma(whole, broadcast(2.12194440e-4F), r);
  const F32 series = exp_series(r);
  // 2^n in two factors: n reaches 128 and -150, beyond a single f32 exponent.
  const I32 half = n >> 1;
  const F32 low = (F32)((U32)(half + 127) << 23);
  const F32 high = (F32)((U32)(n - half + 127) << 23);
  return series * low * high;
}

/// x / (1 + e^-x).
QUIRE_INLINE F32 silu(F32 x) {
  return x / (broadcast(1.0F) + exp(-x));
}

/// x * Phi(x), Phi the standard normal distribution: 0.5 x (1 + erf(x / sqrt 2)).
/// erfc(z) = t e^(-z z) P(2 t - 1), t = 2 / (2 + z): tools/make_erfc_coefficients.py, relative
/// error 7e-10 before rounding.
QUIRE_INLINE F32 gelu(F32 x) {
  const F32 zero{};
  F32 z = select(x < zero, -x, x) * 0.707106781F;
  z = select(z > broadcast(10.0F), broadcast(10.0F), z);
  const F32 t = broadcast(2.0F) / (z + 2.0F);
  const F32 u = t + t - 1.0F;
  F32 series = broadcast(-1.578635515e-05F);
  series = fma(series, u, broadcast(6.039943375e-05F));
  series = fma(series, u, broadcast(-1.238032730e-05F));
  series = fma(series, u, broadcast(-3.272899685e-04F));
  series = fma(series, u, broadcast(4.157656730e-04F));
  series = fma(series, u, broadcast(1.544813691e-03F));
  series = fma(series, u, broadcast(-3.238990397e-03F));
  series = fma(series, u, broadcast(-1.075534678e-02F));
  series = fma(series, u, broadcast(1.822106873e-02F));
  series = fma(series, u, broadcast(1.397360505e-01F));
  series = fma(series, u, broadcast(3.435803432e-01F));
  series = fma(series, u, broadcast(5.107913526e-01F));
  const F32 tail = t * exp(-(z * z)) * series * 0.5F;  // Phi(-|x|)
  return x * select(x < zero, tail, broadcast(1.0F) - tail);
}

/// 0.5 x (1 + tanh v) = x / (1 + e^(-2 v)), v = sqrt(2 / pi) (x + 0.044715 x^3).
QUIRE_INLINE F32 gelu_tanh(F32 x) {
  const F32 cubic = fma(x * x * x, broadcast(0.044715F), x);
  return x / (broadcast(1.0F) + exp(cubic * -1.59576912F));
}

}  // namespace quire::kernels::QUIRE_ISA
