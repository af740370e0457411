// Tiny random models of every family and rope form against the logits that Hugging Face
// transformers computed (tools/make_tiny_model_goldens.py), on every backend.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>

#include "engine/safetensors/header.h"
#include "tests/engine/decoder_support.h"

namespace quire::engine::test {
namespace {

struct Golden {
  std::vector<std::int32_t> ids;
  Logits logits;
};

template <class T>
std::vector<T> elements(const ModelFiles& files, const std::string& tensor) {
  const auto file = *files.find("golden.safetensors");
  const SafetensorsHeader header = parse_safetensors_header(file, "golden.safetensors");
  for (const StoredTensor& stored : header.tensors) {
    if (stored.name != tensor) continue;
    std::vector<T> values((stored.end - stored.begin) / sizeof(T));
    std::memcpy(values.data(), file.data() + header.body_offset + stored.begin,
                values.size() * sizeof(T));
    return values;
  }
  return {};
}

Golden read_golden(const ModelFiles& files) {
  Golden golden;
  golden.ids = elements<std::int32_t>(files, "ids");
  const auto flat = elements<float>(files, "logits");
  const std::size_t vocab = flat.size() / golden.ids.size();
  for (auto row = flat.begin(); row != flat.end(); row += static_cast<std::ptrdiff_t>(vocab)) {
    golden.logits.emplace_back(row, row + static_cast<std::ptrdiff_t>(vocab));
  }
  return golden;
}

struct Case {
  std::string folder;
  std::string backend;
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.folder << " on " << each.backend;
}

std::vector<Case> cases(const std::vector<std::string>& folders) {
  std::vector<Case> all;
  for (const std::string& folder : folders) {
    for (const std::string& backend : backend_names()) all.push_back({folder, backend});
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<Case>& each) {
  std::string name = each.param.folder + "_" + each.param.backend;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

class TinyModel : public testing::TestWithParam<Case> {
 protected:
  ModelFiles files_ = ModelFiles::from_folder(fixtures() / GetParam().folder);
  std::unique_ptr<kernels::Backend> backend_ = make_backend(GetParam().backend);
  Golden golden_ = read_golden(files_);
};

/// Loads the model with changes to config.json and runs the golden's ids.
Logits run_with(const ModelFiles& files, kernels::Backend& backend, const Golden& golden,
                const nlohmann::json& changes) {
  auto config = nlohmann::json::parse(files.text("config.json"));
  config.merge_patch(changes);
  const std::string text = config.dump();
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  const ModelFiles changed = ModelFiles::from_memory(
      "changed", {{"config.json", bytes}, {"model.safetensors", *files.find("model.safetensors")}});
  const Decoder decoder = load_decoder(changed, backend, {});
  SoloSequence sequence(decoder, backend, static_cast<std::int32_t>(golden.ids.size()));
  return sequence.run(golden.ids);
}

TEST_P(TinyModel, ComputesTheLogitsOfTransformers) {
  const Decoder decoder = load_decoder(files_, *backend_, {});
  SoloSequence sequence(decoder, *backend_, static_cast<std::int32_t>(golden_.ids.size()));
  const auto logits = sequence.run(golden_.ids);
  ASSERT_EQ(logits.size(), golden_.logits.size());
  if (decoder.census.dtype == kernels::DType::bf16 && rounds_to_bf16(GetParam().backend)) {
    const double found = relative_rms(logits, golden_.logits);
    RecordProperty("relative_rms", std::to_string(found));
    EXPECT_GT(found, 0.0);
    EXPECT_LE(found, bf16_noise(decoder.spec));
    return;
  }
  const double difference = largest_difference(logits, golden_.logits);
  const double tolerance = rounding_tolerance(decoder.spec, golden_.logits);
  RecordProperty("difference", std::to_string(difference));
  RecordProperty("tolerance", std::to_string(tolerance));
  EXPECT_LE(difference, tolerance);
}

// A small error of K and V changes the logits in proportion. bf16 is off by at least
// 2^-8 / sqrt(12) of an element (in root mean square over the elements between two powers of two),
// int8 by at most m / (127 sqrt(12)), where the largest of head_dim elements, m, is at most
// sqrt(head_dim) times their root mean square. So an int8 cache costs at most
// 2^8 sqrt(head_dim) / 127 of what bf16 does.
TEST_P(TinyModel, LosesToAnInt8CacheWhatItsStepsExplain) {
  const Decoder decoder = load_decoder(files_, *backend_, {});
  const auto run = [&](kernels::DType kv) {
    SoloSequence sequence(decoder, *backend_, static_cast<std::int32_t>(golden_.ids.size()), kv);
    return sequence.run(golden_.ids);
  };
  const Logits exact = run(kernels::DType::f32);
  const double bf16 = relative_rms(run(kernels::DType::bf16), exact);
  const double int8 = relative_rms(run(kernels::DType::int8), exact);
  RecordProperty("bf16", std::to_string(bf16));
  RecordProperty("int8", std::to_string(int8));
  EXPECT_GT(int8, 0.0);
  EXPECT_LE(int8, 256.0 / 127.0 * std::sqrt(decoder.spec.head_dim) * bf16);
}

INSTANTIATE_TEST_SUITE_P(Families, TinyModel,
                         testing::ValuesIn(cases({"llama3", "linear-gelu", "yarn", "qwen2", "qwen3",
                                                  "mistral"})),
                         name_of);

// The goldens above would not notice a feature whose effect is below their tolerance.
struct Feature {
  std::string folder;
  const char* without;  // a patch of config.json that turns the feature off
};

void PrintTo(const Feature& feature, std::ostream* out) {
  *out << feature.folder << " with " << feature.without;
}

class TinyModelFeature : public testing::TestWithParam<Feature> {};

TEST_P(TinyModelFeature, ChangesTheLogitsFarBeyondTheTolerance) {
  const ModelFiles files = ModelFiles::from_folder(fixtures() / GetParam().folder);
  const auto backend = make_backend("reference");
  const Golden golden = read_golden(files);
  const double tolerance =
      rounding_tolerance(load_decoder(files, *backend, {}).spec, golden.logits);
  const auto without = run_with(files, *backend, golden, nlohmann::json::parse(GetParam().without));
  EXPECT_GT(largest_difference(without, golden.logits), 100.0 * tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Features, TinyModelFeature,
    testing::Values(Feature{"llama3", R"({"rope_scaling": null})"},
                    Feature{"llama3", R"({"rope_scaling": {"high_freq_factor": 2.0}})"},
                    Feature{"linear-gelu", R"({"rope_scaling": null})"},
                    Feature{"linear-gelu", R"({"hidden_act": "silu"})"},
                    Feature{"yarn", R"({"rope_scaling": null})"},
                    Feature{"yarn", R"({"rope_scaling": {"attention_factor": 1.0}})"},
                    Feature{"yarn", R"({"rope_theta": 10000.0})"},
                    Feature{"qwen2", R"({"use_sliding_window": false, "layer_types": null})"},
                    Feature{"qwen2", R"({"max_window_layers": 0, "layer_types": null})"},
                    Feature{"qwen3", R"({"rms_norm_eps": 0.1})"},
                    Feature{"mistral", R"({"sliding_window": null})"},
                    Feature{"mistral", R"({"sliding_window": 8})"}));

class QuantizedModel : public TinyModel {};

/// Activations quantised to int8: steps of max/127 per group, and the maximum of a group of g
/// values is at most sqrt(g) times their root mean square, so each linear adds noise of at most
/// sqrt(g) / (127 sqrt(12)) of its input. Four linears in sequence per layer, and the head; the
/// widest group of each: q/k/v 64, o dense, gate/up 32, down 128, head 64.
double int8_noise(const DecoderSpec& spec) {
  const auto noise = [](double group) { return std::sqrt(group) / (127.0 * std::sqrt(12.0)); };
  const double layers = static_cast<double>(spec.layers.size());
  return layers * (noise(64) + noise(32) + noise(32) + noise(128)) + noise(64);
}

TEST_P(QuantizedModel, ComputesTheLogitsOfTheDequantizedWeights) {
  const Decoder decoder = load_decoder(files_, *backend_, {});
  EXPECT_EQ(decoder.census.quantization,
            "affine 2-bit g32, 3-bit g64, 4-bit g32, 5-bit g64, 6-bit g128, 8-bit g64");
  SoloSequence sequence(decoder, *backend_, static_cast<std::int32_t>(golden_.ids.size()));
  const auto logits = sequence.run(golden_.ids);
  if (GetParam().backend == "reference") {
    EXPECT_LE(largest_difference(logits, golden_.logits),
              rounding_tolerance(decoder.spec, golden_.logits));
    return;
  }
  const double bound = rounds_affine_to_bf16(GetParam().backend)
                           ? 2.0 * bf16_noise(decoder.spec)  // of weights and of activations
                           : int8_noise(decoder.spec);
  const double found = relative_rms(logits, golden_.logits);
  RecordProperty("relative_rms", std::to_string(found));
  EXPECT_LE(found, bound);
}

INSTANTIATE_TEST_SUITE_P(Mlx, QuantizedModel, testing::ValuesIn(cases({"mlx-affine"})), name_of);

}  // namespace
}  // namespace quire::engine::test
