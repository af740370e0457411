#include "tests/engine/decoder_support.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/kernels/emulated_level.h"

namespace quire::engine::test {

std::unique_ptr<kernels::Backend> make_backend(const std::string& name) {
  if (name == "reference") return kernels::make_reference_backend();
  if (name == "opencl") return kernels::make_opencl_backend({});
  for (const kernels::Device& device : kernels::list_devices()) {
    if (device.name == "cpu:" + name) return kernels::make_level_backend(device, 2);
  }
  return nullptr;
}

std::vector<std::string> backend_names() {
  std::vector<std::string> names{"reference"};
  for (const kernels::Device& device : kernels::list_devices()) {
    if (!kernels::missing_to_test(device).empty()) continue;
    names.push_back(device.name.substr(device.name.find(':') + 1));
  }
#if !defined(__SANITIZE_THREAD__)  // no OpenCL driver is instrumented
  if (!kernels::list_opencl_devices().empty()) names.push_back("opencl");
#endif
  return names;
}

bool rounds_to_bf16(const std::string& name) {
  const std::vector<kernels::Device> devices = kernels::list_devices();
  return std::any_of(devices.begin(), devices.end(), [&](const kernels::Device& device) {
    return device.rounds_to_bf16 && device.name == "cpu:" + name;
  });
}

bool rounds_affine_to_bf16(const std::string& name) {
  return name == "amx";
}

SoloSequence::SoloSequence(const Decoder& decoder, kernels::Backend& backend,
                           std::int32_t max_positions, kernels::DType kv_dtype)
    : decoder_(decoder),
      backend_(backend),
      rope_(kernels::make_rope_frequencies(decoder.spec.rope)),
      workspace_(decoder.spec, backend, max_positions, max_positions) {
  const std::int32_t count = (max_positions + kernels::kBlockTokens - 1) / kernels::kBlockTokens;
  for (std::int32_t i = count; i-- > 0;) blocks_.push_back(kernels::BlockId{i});
  cache_ = backend.make_kv_cache({.layers = static_cast<std::int32_t>(decoder.spec.layers.size()),
                                  .blocks = count,
                                  .kv_heads = decoder.spec.kv_heads,
                                  .head_dim = decoder.spec.head_dim,
                                  .dtype = kv_dtype});
}

Logits SoloSequence::run(std::span<const std::int32_t> ids) {
  const auto rows = static_cast<std::int32_t>(ids.size());
  const kernels::SequenceRows sequence{0, rows, position_, blocks_};
  const ForwardContext context{decoder_, rope_, backend_, *cache_, workspace_};
  forward(context, {rows, std::span(&sequence, 1)}, ids);
  position_ += rows;

  std::vector<std::int32_t> all(ids.size());
  for (std::int32_t i = 0; i < rows; ++i) all[static_cast<std::size_t>(i)] = i;
  const auto vocab = static_cast<std::size_t>(decoder_.spec.vocab_size);
  std::vector<float> flat(ids.size() * vocab);
  backend_.download(project_logits(context, all), flat);
  Logits logits;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto begin = flat.begin() + static_cast<std::ptrdiff_t>(i * vocab);
    logits.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(vocab));
  }
  return logits;
}

double largest_difference(const Logits& a, const Logits& b) {
  double top = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].size(); ++j) {
      top = std::max(top, std::abs(static_cast<double>(a[i][j]) - static_cast<double>(b[i][j])));
    }
  }
  return top;
}

double rounding_tolerance(const DecoderSpec& spec, const Logits& expected) {
  const double per_layer = 3.0 * spec.width + spec.heads * spec.head_dim + spec.inner +
                           spec.head_dim + static_cast<double>(expected.size());
  const double terms = static_cast<double>(spec.layers.size()) * per_layer + spec.width;
  const Logits zeros(expected.size(), std::vector<float>(expected.front().size()));
  return 2.0 * terms * static_cast<double>(std::numeric_limits<float>::epsilon()) *
         largest_difference(expected, zeros);
}

double relative_rms(const Logits& found, const Logits& expected) {
  double difference = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t j = 0; j < found[i].size(); ++j) {
      const double size = static_cast<double>(expected[i][j]);
      difference += std::pow(static_cast<double>(found[i][j]) - size, 2.0);
      total += size * size;
    }
  }
  return std::sqrt(difference / total);
}

double bf16_noise(const DecoderSpec& spec) {
  return (4.0 * static_cast<double>(spec.layers.size()) + 1.0) * 0x1p-8 / std::sqrt(3.0);
}

double largest_exchange(const Logits& found, const Logits& expected) {
  double largest = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto best = static_cast<std::size_t>(argmax(expected[i]));
    const auto chosen = static_cast<std::size_t>(argmax(found[i]));
    largest = std::max(largest, static_cast<double>(expected[i][best]) -
                                    static_cast<double>(expected[i][chosen]));
    for (const float logit : expected[i]) squares += std::pow(static_cast<double>(logit), 2.0);
  }
  const double count = static_cast<double>(expected.size() * expected.front().size());
  return largest / std::sqrt(squares / count);
}

double log_softmax(std::span<const float> logits, std::int32_t id) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  return static_cast<double>(logits[static_cast<std::size_t>(id)]) - top - std::log(sum);
}

std::int32_t argmax(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace quire::engine::test
