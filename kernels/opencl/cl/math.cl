// Elementary functions: the polynomials of kernels/cpu/isa/math.h, so that they are as exact on
// every device as there.

// e^x. Overflows to infinity above 88.72, underflows to 0; NaN stays NaN.
float exp_f32(float x) {
  // Beyond these the result is infinite or rounds to 0 anyway, and n stays small.
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low mantissa bits.
  const float shifted = fma(x, 1.44269504f, 12582912.0f);
  const int n = as_int(shifted) - 0x4b400000;
  const float whole = shifted - 12582912.0f;
  float r = fma(whole, -0.693359375f, x);
  r = fma(whole, 2.12194440e-4f, r);
  float series = 1.0f / 5040;
  series = fma(series, r, 1.0f / 720);
  series = fma(series, r, 1.0f / 120);
  series = fma(series, r, 1.0f / 24);
  series = fma(series, r, 1.0f / 6);
  series = fma(series, r, 0.5f);
  series = fma(series, r, 1.0f);
  series = fma(series, r, 1.0f);
  // 2^n in two factors: n reaches 128 and -150, beyond a single f32 exponent.
  const int lower = n >> 1;
  return series * as_float((uint)(lower + 127) << 23) * as_float((uint)(n - lower + 127) << 23);
}

float silu(float x) {
  return x / (1.0f + exp_f32(-x));
}

// x * Phi(x); erfc(z) = t e^(-z z) P(2 t - 1), t = 2 / (2 + z).
float gelu(float x) {
  float z = (x < 0.0f ? -x : x) * 0.707106781f;
  z = z > 10.0f ? 10.0f : z;
  const float t = 2.0f / (z + 2.0f);
  const float u = t + t - 1.0f;
  float series = -1.578635515e-05f;
  series = fma(series, u, 6.039943375e-05f);
  series = fma(series, u, -1.238032730e-05f);
  series = fma(series, u, -3.272899685e-04f);
  series = fma(series, u, 4.157656730e-04f);
  series = fma(series, u, 1.544813691e-03f);
  series = fma(series, u, -3.238990397e-03f);
  series = fma(series, u, -1.075534678e-02f);
  series = fma(series, u, 1.822106873e-02f);
  series = fma(series, u, 1.397360505e-01f);
  series = fma(series, u, 3.435803432e-01f);
  series = fma(series, u, 5.107913526e-01f);
  const float square = z * z;
  const float tail = t * exp_f32(-square) * series * 0.5f;  // Phi(-|x|)
  return x * (x < 0.0f ? tail : 1.0f - tail);
}

// 0.5 x (1 + tanh v) = x / (1 + e^(-2 v)), v = sqrt(2 / pi) (x + 0.044715 x^3).
float gelu_tanh(float x) {
  const float cubic = fma(x * x * x, 0.044715f, x);
  return x / (1.0f + exp_f32(cubic * -1.59576912f));
}
