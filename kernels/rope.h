// Rotary position embedding: the scaled inverse frequencies of each published variant, computed once
// per model on the host (RoFormer, arXiv 2104.09864; YaRN, arXiv 2309.00071), rounded to f32 where
// Hugging Face transformers rounds: far positions magnify the last bit of a frequency.
#pragma once

#include <cstdint>
#include <vector>

namespace quire::kernels {

enum class RopeScaling : std::uint8_t { none, linear, llama3, yarn };

/// Field names and meanings follow `rope_parameters` / `rope_scaling` of Hugging Face configs.
struct RopeSpec {
  RopeScaling scaling = RopeScaling::none;
  std::int32_t rotary_dim = 0;  // even; the first rotary_dim of head_dim rotate (split-half pairs)
  double theta = 10000.0;
  double factor = 1.0;                       // linear, llama3, yarn
  double low_freq_factor = 1.0;              // llama3
  double high_freq_factor = 4.0;             // llama3
  double original_max_position = 8192;       // llama3, yarn
  double beta_fast = 32.0;                   // yarn
  double beta_slow = 1.0;                    // yarn
  double attention_factor = 0.0;             // yarn; 0 = derive from factor (0.1 ln(factor) + 1)
  double mscale = 0.0;                       // yarn (DeepSeek form); 0 = unused
  double mscale_all_dim = 0.0;               // yarn (DeepSeek form); 0 = unused
  bool truncate = true;                      // yarn: floor/ceil the correction range
};

/// angle(p, i) = p * inverse[i]; cos and sin are multiplied by `magnitude`.
struct RopeFrequencies {
  std::vector<float> inverse;  // [rotary_dim / 2]
  float magnitude = 1.0F;
};

/// REQUIRES: rotary_dim even and positive, theta > 0, factor >= 1 where it applies (the config
/// readers refuse anything else by name). Thread: any.
RopeFrequencies make_rope_frequencies(const RopeSpec& spec);

}  // namespace quire::kernels
