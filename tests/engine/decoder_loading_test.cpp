// From tensors to prepared weights: everything that must be there, has the right shape, and nothing
// that has no place.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/decoder/decoder.h"
#include "kernels/devices.h"

namespace quire::engine {
namespace {

using nlohmann::json;

constexpr std::int32_t kVocab = 8;
constexpr std::int32_t kWidth = 32;
constexpr std::int32_t kInner = 64;
constexpr std::int32_t kKvWidth = 16;

struct TestTensor {
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::string bytes;
};

/// A one-layer llama in memory that tests take tensors away from and put others into.
class TestModel {
 public:
  TestModel() {
    config_ = {{"model_type", "llama"},       {"hidden_size", kWidth},
               {"intermediate_size", kInner}, {"num_hidden_layers", 1},
               {"num_attention_heads", 4},    {"num_key_value_heads", 2},
               {"vocab_size", kVocab},        {"tie_word_embeddings", false}};
    put_f32("model.embed_tokens.weight", {kVocab, kWidth});
    put_f32("lm_head.weight", {kVocab, kWidth});
    put_f32("model.norm.weight", {kWidth});
    put_f32(layer("input_layernorm"), {kWidth});
    put_f32(layer("post_attention_layernorm"), {kWidth});
    put_f32(layer("self_attn.q_proj"), {kWidth, kWidth});
    put_f32(layer("self_attn.k_proj"), {kKvWidth, kWidth});
    put_f32(layer("self_attn.v_proj"), {kKvWidth, kWidth});
    put_f32(layer("self_attn.o_proj"), {kWidth, kWidth});
    put_f32(layer("mlp.gate_proj"), {kInner, kWidth});
    put_f32(layer("mlp.up_proj"), {kInner, kWidth});
    put_f32(layer("mlp.down_proj"), {kWidth, kInner});
  }

  static std::string layer(const std::string& module) {
    return "model.layers.0." + module + ".weight";
  }

  void put(const std::string& name, TestTensor tensor) { tensors_[name] = std::move(tensor); }
  void put_f32(const std::string& name, std::vector<std::uint64_t> shape, float value = 0.5F) {
    std::size_t count = 1;
    for (const std::uint64_t extent : shape) count *= extent;
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    put(name, {"F32", std::move(shape), std::move(bytes)});
  }
  /// The MLX triplet, all zero.
  void put_affine(const std::string& path, std::uint64_t rows, std::uint64_t cols,
                  std::uint64_t bits, std::uint64_t group) {
    const std::uint64_t words = cols * bits / 32;
    put(path + ".weight", {"U32", {rows, words}, std::string(rows * words * 4, '\0')});
    for (const char* part : {".scales", ".biases"}) {
      put(path + part, {"F16", {rows, cols / group}, std::string(rows * cols / group * 2, '\0')});
    }
  }
  void erase(const std::string& name) { tensors_.erase(name); }
  TestTensor& tensor(const std::string& name) { return tensors_.at(name); }
  json& config() { return config_; }

  Decoder load(const WeightProgress& progress = {}) {
    json header = json::object();
    std::string body;
    for (const auto& [name, tensor] : tensors_) {
      const std::size_t begin = body.size();
      body += tensor.bytes;
      header[name] = {
          {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, body.size()}}};
    }
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::string file(sizeof length, '\0');
    std::memcpy(file.data(), &length, sizeof length);
    file += text + body;
    const std::string config = config_.dump();
    const ModelFiles files =
        ModelFiles::from_memory("m", {{"config.json", std::as_bytes(std::span(config))},
                                      {"model.safetensors", std::as_bytes(std::span(file))}});
    return load_decoder(files, *backend_, progress);
  }

  std::string refusal() {
    try {
      (void)load();
      return "";
    } catch (const LoadError& error) {
      return error.what();
    }
  }

 private:
  json config_;
  std::map<std::string, TestTensor> tensors_;
  std::unique_ptr<kernels::Backend> backend_ = kernels::make_reference_backend();
};

TEST(DecoderLoading, CountsWhatItPrepared) {
  TestModel model;
  std::vector<std::size_t> done;
  std::size_t total = 0;
  const Decoder decoder = model.load([&](std::size_t bytes, std::size_t of) {
    done.push_back(bytes);
    total = of;
  });
  const std::int64_t parameters = 2 * kVocab * kWidth + 3 * kWidth + 2 * kWidth * kWidth +
                                  2 * kKvWidth * kWidth + 3 * kInner * kWidth;
  EXPECT_EQ(decoder.census.parameters, parameters);
  EXPECT_EQ(decoder.census.dtype, kernels::DType::f32);
  EXPECT_EQ(decoder.census.quantization, "");
  EXPECT_GT(decoder.census.prepared_bytes, 0U);
  EXPECT_EQ(total, static_cast<std::size_t>(parameters) * sizeof(float));
  ASSERT_EQ(done.size(), 12U);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), total);
}

TEST(DecoderLoading, NamesAMissingTensorAndItsShape) {
  TestModel model;
  model.erase(TestModel::layer("self_attn.k_proj"));
  EXPECT_EQ(model.refusal(),
            "m: tensor 'model.layers.0.self_attn.k_proj.weight' is missing; expected shape "
            "[16, 32]");
}

TEST(DecoderLoading, NamesAMisshapenTensorWithBothShapes) {
  TestModel model;
  model.put_f32(TestModel::layer("mlp.up_proj"), {kWidth, kInner});
  EXPECT_EQ(model.refusal(),
            "m: tensor 'model.layers.0.mlp.up_proj.weight' has shape [32, 64]; expected [64, 32]");
}

TEST(DecoderLoading, RefusesADtypeItCannotCompute) {
  TestModel model;
  model.tensor("model.norm.weight") = {"F64", {kWidth}, std::string(kWidth * 8, '\0')};
  EXPECT_EQ(model.refusal(),
            "m: tensor 'model.norm.weight' has dtype F64; F32, F16 and BF16 are supported here");
}

TEST(DecoderLoading, RefusesATensorWithoutAPlace) {
  TestModel model;
  model.put_f32("model.layers.0.self_attn.q_norm.weight", {8});
  EXPECT_EQ(model.refusal(),
            "m: tensor 'model.layers.0.self_attn.q_norm.weight' of shape [8] has no place in this "
            "model; config.json does not describe it");
}

TEST(DecoderLoading, RefusesALayerTooMany) {
  TestModel model;
  model.put_f32("model.layers.1.input_layernorm.weight", {kWidth});
  EXPECT_NE(model.refusal().find("model.layers.1.input_layernorm.weight"), std::string::npos);
}

TEST(DecoderLoading, IgnoresStoredRotaryFrequencies) {
  TestModel model;
  model.put_f32("model.layers.0.self_attn.rotary_emb.inv_freq", {4});
  EXPECT_EQ(model.refusal(), "");
}

TEST(DecoderLoading, NeedsBiasesThatTheConfigNames) {
  TestModel model;
  model.config()["mlp_bias"] = true;
  EXPECT_EQ(model.refusal(),
            "m: tensor 'model.layers.0.mlp.gate_proj.bias' is missing; expected shape [64]");
}

TEST(DecoderLoading, TiesTheHeadWhenTheConfigSaysSo) {
  TestModel model;
  model.config()["tie_word_embeddings"] = true;
  EXPECT_FALSE(model.load().weights.head.matrix);  // an equal copy is accepted
  model.put_f32("lm_head.weight", {kVocab, kWidth}, 0.25F);
  EXPECT_EQ(model.refusal(),
            "m: tensor 'lm_head.weight' differs from 'model.embed_tokens.weight' although "
            "config.json ties them (tie_word_embeddings)");
  model.erase("lm_head.weight");
  EXPECT_FALSE(model.load().weights.head.matrix);
}

TEST(DecoderLoading, NeedsTheHeadWhenTheConfigUntiesIt) {
  TestModel model;
  EXPECT_TRUE(model.load().weights.head.matrix);
  model.erase("lm_head.weight");
  EXPECT_NE(model.refusal().find("tensor 'lm_head.weight' is missing"), std::string::npos);
}

TEST(DecoderLoading, LetsTheFilesDecideWhenTheConfigIsSilent) {
  TestModel model;
  model.config().erase("tie_word_embeddings");
  EXPECT_TRUE(model.load().weights.head.matrix);
  model.erase("lm_head.weight");
  EXPECT_FALSE(model.load().weights.head.matrix);
}

class AffineLoading : public testing::Test {
 protected:
  AffineLoading() {
    model_.config()["quantization"] = {{"group_size", 32}, {"bits", 4}};
    model_.put_affine(path_, kInner, kWidth, 4, 32);
  }
  TestModel model_;
  const std::string path_ = "model.layers.0.mlp.up_proj";
};

TEST_F(AffineLoading, QuantisesTheModulesThatHaveScales) {
  EXPECT_EQ(model_.load().census.quantization, "affine 4-bit g32");
}

TEST_F(AffineLoading, FollowsAModulesOwnFormat) {
  const std::string down = "model.layers.0.mlp.down_proj";
  model_.put_affine(down, kWidth, kInner, 6, 64);
  EXPECT_NE(model_.refusal().find(down), std::string::npos);
  model_.config()["quantization"][down] = {{"group_size", 64}, {"bits", 6}};
  EXPECT_EQ(model_.load().census.quantization, "affine 4-bit g32, 6-bit g64");
}

TEST_F(AffineLoading, NamesWhatIsMissingOrMisshapen) {
  TestTensor& scales = model_.tensor(path_ + ".scales");
  const TestTensor whole = scales;
  scales = {"F16", {kInner, 2}, std::string(kInner * 4, '\0')};
  EXPECT_EQ(model_.refusal(),
            "m: tensor '" + path_ + ".scales' has shape [64, 2]; expected [64, 1]");
  scales = whole;
  model_.erase(path_ + ".biases");
  EXPECT_EQ(model_.refusal(),
            "m: tensor '" + path_ + ".biases' is missing; expected shape [64, 1]");
}

TEST_F(AffineLoading, NamesWrongDtypes) {
  model_.tensor(path_ + ".weight").dtype = "I32";
  EXPECT_EQ(model_.refusal(),
            "m: tensor '" + path_ + ".weight' has dtype I32; quantised codes are U32");
  model_.tensor(path_ + ".weight").dtype = "U32";
  model_.tensor(path_ + ".biases").dtype = "BF16";
  EXPECT_EQ(model_.refusal(),
            "m: tensor '" + path_ + ".biases' has dtype BF16; its scales have F16");
}

TEST_F(AffineLoading, RefusesGroupsThatDoNotDivideTheRow) {
  model_.config()["quantization"]["group_size"] = 128;
  EXPECT_EQ(model_.refusal(),
            "m: tensor '" + path_ + ".weight' has rows of 32 that groups of 128 do not divide");
}

TEST_F(AffineLoading, RefusesScalesOfAModuleThatTheConfigCallsPlain) {
  model_.config()["quantization"][path_] = false;
  EXPECT_NE(model_.refusal().find("'" + path_ + ".weight' has shape [64, 4]; expected [64, 32]"),
            std::string::npos);
  model_.put_f32(path_ + ".weight", {kInner, kWidth});
  EXPECT_NE(model_.refusal().find("'" + path_ + ".biases' of shape [64, 1] has no place"),
            std::string::npos);
}

}  // namespace
}  // namespace quire::engine
