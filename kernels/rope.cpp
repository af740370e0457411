#include "kernels/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/invariant.h"

namespace quire::kernels {
namespace {

// Models were trained with frequencies that frameworks evaluate in f32, and at position 100,000 one
// unit in the last place of a frequency turns a pair by 0.006 rad. So each step rounds to f32 where
// theirs does; only the power and the logarithms are taken in double and rounded once.

/// theta^(2 i / rotary_dim).
float wavelength_base(const RopeSpec& spec, std::int32_t i) {
  const float exponent = static_cast<float>(2 * i) / static_cast<float>(spec.rotary_dim);
  return static_cast<float>(std::pow(spec.theta, double{exponent}));
}

/// Long wavelengths are stretched by `factor`, short ones kept, those between are blended.
float llama3_frequency(const RopeSpec& spec, float inverse) {
  const auto factor = static_cast<float>(spec.factor);
  const auto original = static_cast<float>(spec.original_max_position);
  const auto low = static_cast<float>(spec.low_freq_factor);
  const auto high = static_cast<float>(spec.high_freq_factor);
  const float wavelength = static_cast<float>(2.0 * std::numbers::pi) / inverse;
  if (wavelength > original / low) return inverse / factor;
  if (wavelength < original / high || low == high) return inverse;
  const float smooth = (original / wavelength - low) / (high - low);
  return (1.0F - smooth) * (inverse / factor) + smooth * inverse;
}

struct CorrectionRange {
  double low, high;  // indices of pairs; below low: kept, above high: interpolated
};

/// YaRN section 3.2: the pair that turns `rotations` times over the original context.
double correction_index(const RopeSpec& spec, double rotations) {
  return spec.rotary_dim *
         std::log(spec.original_max_position / (rotations * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(spec.theta));
}

CorrectionRange correction_range(const RopeSpec& spec) {
  double low = correction_index(spec, spec.beta_fast);
  double high = correction_index(spec, spec.beta_slow);
  if (spec.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(spec.rotary_dim - 1));
  if (low == high) high += 0.001;  // as published: avoids a division by zero
  return {low, high};
}

float yarn_frequency(const RopeSpec& spec, const CorrectionRange& range, std::int32_t i) {
  const float base = wavelength_base(spec, i);
  const float kept = 1.0F / base;
  const float interpolated = 1.0F / (static_cast<float>(spec.factor) * base);
  const float ramp = std::clamp((static_cast<float>(i) - static_cast<float>(range.low)) /
                                    static_cast<float>(range.high - range.low),
                                0.0F, 1.0F);
  const float keep = 1.0F - ramp;
  return interpolated * (1.0F - keep) + kept * keep;
}

/// YaRN section 3.4, with DeepSeek's coefficient.
double yarn_mscale(double factor, double coefficient) {
  return factor <= 1.0 ? 1.0 : 0.1 * coefficient * std::log(factor) + 1.0;
}

float yarn_magnitude(const RopeSpec& spec) {
  if (spec.attention_factor != 0.0) return static_cast<float>(spec.attention_factor);
  if (spec.mscale != 0.0 && spec.mscale_all_dim != 0.0) {
    return static_cast<float>(yarn_mscale(spec.factor, spec.mscale) /
                              yarn_mscale(spec.factor, spec.mscale_all_dim));
  }
  return static_cast<float>(yarn_mscale(spec.factor, 1.0));
}

}  // namespace

RopeFrequencies make_rope_frequencies(const RopeSpec& spec) {
  INVARIANT(spec.rotary_dim > 0 && spec.rotary_dim % 2 == 0, "rotary_dim is even and positive");
  INVARIANT(spec.theta > 0.0, "theta is positive");
  INVARIANT(spec.scaling == RopeScaling::none || spec.factor >= 1.0, "factor is at least 1");
  RopeFrequencies frequencies;
  const CorrectionRange range =
      spec.scaling == RopeScaling::yarn ? correction_range(spec) : CorrectionRange{};
  for (std::int32_t i = 0; i < spec.rotary_dim / 2; ++i) {
    float inverse = 1.0F / wavelength_base(spec, i);
    switch (spec.scaling) {
      case RopeScaling::none:
        break;
      case RopeScaling::linear:
        inverse /= static_cast<float>(spec.factor);
        break;
      case RopeScaling::llama3:
        inverse = llama3_frequency(spec, inverse);
        break;
      case RopeScaling::yarn:
        inverse = yarn_frequency(spec, range, i);
        break;
    }
    frequencies.inverse.push_back(inverse);
  }
  if (spec.scaling == RopeScaling::yarn) frequencies.magnitude = yarn_magnitude(spec);
  return frequencies;
}

}  // namespace quire::kernels
