// Loading decoders in tests, and running one sequence through them without sampler or scheduler.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/decoder/decoder.h"
#include "engine/decoder/forward.h"
#include "kernels/devices.h"

namespace quire::engine::test {

inline std::filesystem::path shared_data() {
  return QUIRE_SHARED_DATA;
}
inline std::filesystem::path fixtures() {
  return std::filesystem::path(QUIRE_SOURCE_DIR) / "tests/engine/fixtures";
}

/// A backend by the name that tests print: "reference", an ISA of the CPU backend, or "opencl".
std::unique_ptr<kernels::Backend> make_backend(const std::string& name);
/// "reference", every ISA that this machine runs or emulates, and "opencl" where there is a device.
std::vector<std::string> backend_names();
/// Whether the backend rounds activations that meet dense bf16 weights to bf16.
bool rounds_to_bf16(const std::string& name);
/// Whether affine weights and the activations that meet them are rounded to bf16, instead of the
/// activations to int8.
bool rounds_affine_to_bf16(const std::string& name);

using Logits = std::vector<std::vector<float>>;  // [rows][vocab]

/// One sequence with its own cache, fed in chunks.
class SoloSequence {
 public:
  /// `blocks` of the cache are handed out in reverse, so that block order is never position order.
  SoloSequence(const Decoder& decoder, kernels::Backend& backend, std::int32_t max_positions,
               kernels::DType kv_dtype = kernels::DType::f32);

  /// Runs the tokens at the next positions; returns the logits of each.
  Logits run(std::span<const std::int32_t> ids);

 private:
  const Decoder& decoder_;
  kernels::Backend& backend_;
  kernels::RopeFrequencies rope_;
  std::vector<kernels::BlockId> blocks_;
  std::unique_ptr<kernels::KvCache> cache_;
  Workspace workspace_;
  std::int32_t position_ = 0;
};

/// First-order bound on the difference of two f32 computations of `expected`: every accumulated
/// term rounds once on each side, and no stage amplifies the relative error of its input (the norms
/// rescale it away).
double rounding_tolerance(const DecoderSpec& spec, const Logits& expected);
double largest_difference(const Logits& a, const Logits& b);

/// Root mean square of the difference over that of what was expected.
double relative_rms(const Logits& found, const Logits& expected);
/// Bound on the relative_rms of logits whose activations were rounded to bf16: to 8 bits, so that x
/// moves by at most 2^-8 |x|, in root mean square by 2^-8 / sqrt(3) of it. Each linear adds noise of
/// at most that much of its input: four linears in sequence per layer, and the head.
double bf16_noise(const DecoderSpec& spec);
/// Where `found` would choose another token than `expected`: the distance of the two logits in
/// `expected`, in units of the root mean square of all; the largest of the rows, 0 where every
/// choice is the same. Noise exchanges tokens only within twice its own size.
double largest_exchange(const Logits& found, const Logits& expected);

/// Natural logarithm of softmax(logits)[id], in double.
double log_softmax(std::span<const float> logits, std::int32_t id);
std::int32_t argmax(std::span<const float> logits);

}  // namespace quire::engine::test
