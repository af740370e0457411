// config.json of every family, in old and new spellings, and everything that is refused by name.

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/config/quantization_config.h"
#include "engine/models/family.h"

namespace quire::engine {
namespace {

using nlohmann::json;

const char* const kLlama = R"({
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
  "intermediate_size": 172, "num_hidden_layers": 3, "num_attention_heads": 8,
  "num_key_value_heads": 4, "vocab_size": 512, "max_position_embeddings": 128,
  "rms_norm_eps": 1e-05, "hidden_act": "silu", "rope_theta": 500000, "rope_scaling": null,
  "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": true, "pretraining_tp": 2,
  "torch_dtype": "bfloat16", "eos_token_id": 2, "initializer_range": 0.02})";

JsonObject object(const json& patch, const char* base = kLlama) {
  json config = json::parse(base);
  if (!patch.is_null()) config.merge_patch(patch);
  return JsonObject::from_text(config.dump(), "m/config.json");
}

DecoderSpec spec_of(const json& patch) {
  return make_decoder_spec(object(patch));
}

/// What the refusal says; "" when the config is accepted. A null in the patch removes a key.
std::string refusal(const json& patch) {
  try {
    (void)spec_of(patch);
    return "";
  } catch (const LoadError& error) {
    return error.what();
  }
}

std::vector<std::int32_t> windows(const DecoderSpec& spec) {
  std::vector<std::int32_t> all;
  for (const LayerSpec& layer : spec.layers) all.push_back(layer.attention.window);
  return all;
}

using Windows = std::vector<std::int32_t>;

TEST(LlamaSpec, FollowsTheKeys) {
  const DecoderSpec spec = spec_of({});
  EXPECT_EQ(spec.vocab_size, 512);
  EXPECT_EQ(spec.width, 64);
  EXPECT_EQ(spec.inner, 172);
  EXPECT_EQ(spec.heads, 8);
  EXPECT_EQ(spec.kv_heads, 4);
  EXPECT_EQ(spec.head_dim, 8);
  EXPECT_EQ(spec.max_positions, 128);
  EXPECT_EQ(spec.norm_epsilon, 1e-5F);
  EXPECT_EQ(spec.attention_scale, static_cast<float>(1.0 / std::sqrt(8.0)));
  EXPECT_EQ(spec.rope.theta, 500000.0);
  EXPECT_EQ(spec.rope.rotary_dim, 8);
  EXPECT_EQ(spec.rope.scaling, kernels::RopeScaling::none);
  EXPECT_EQ(spec.tied, std::optional(true));
  EXPECT_EQ(windows(spec), (Windows{0, 0, 0}));
  ASSERT_EQ(spec.layers.size(), 3U);
  const LayerSpec& layer = spec.layers[2];
  EXPECT_EQ(layer.attention.k.path, "model.layers.2.self_attn.k_proj");
  EXPECT_EQ(layer.attention.k.outputs, 32);
  EXPECT_EQ(layer.attention.o.inputs, 64);
  EXPECT_EQ(layer.mlp.down.inputs, 172);
  EXPECT_FALSE(layer.attention.q.bias);
  EXPECT_FALSE(layer.attention.q_norm);
}

TEST(LlamaSpec, FillsInWhatOldConfigsLeaveOut) {
  const DecoderSpec spec = spec_of({{"num_key_value_heads", nullptr},
                                    {"head_dim", nullptr},
                                    {"rope_theta", nullptr},
                                    {"rms_norm_eps", nullptr},
                                    {"hidden_act", nullptr},
                                    {"tie_word_embeddings", nullptr},
                                    {"architectures", nullptr}});
  EXPECT_EQ(spec.kv_heads, 8);
  EXPECT_EQ(spec.rope.theta, 10000.0);
  EXPECT_EQ(spec.norm_epsilon, 1e-6F);
  EXPECT_EQ(spec.activation, kernels::Activation::silu);
  EXPECT_EQ(spec.tied, std::nullopt);
}

TEST(LlamaSpec, TakesIntegersWrittenAsFloats) {
  EXPECT_EQ(spec_of({{"hidden_size", 64.0}, {"vocab_size", 512.0}}).width, 64);
}

TEST(LlamaSpec, HasBiasesWhereTheConfigSaysSo) {
  const DecoderSpec attention = spec_of({{"attention_bias", true}});
  EXPECT_TRUE(attention.layers[0].attention.q.bias);
  EXPECT_TRUE(attention.layers[0].attention.o.bias);
  EXPECT_FALSE(attention.layers[0].mlp.up.bias);
  const DecoderSpec mlp = spec_of({{"mlp_bias", true}});
  EXPECT_FALSE(mlp.layers[0].attention.v.bias);
  EXPECT_TRUE(mlp.layers[0].mlp.gate.bias);
  EXPECT_TRUE(mlp.layers[0].mlp.down.bias);
}

TEST(LlamaSpec, KnowsTheActivationsByTheirNames) {
  using kernels::Activation;
  EXPECT_EQ(spec_of({{"hidden_act", "swish"}}).activation, Activation::silu);
  EXPECT_EQ(spec_of({{"hidden_act", "gelu"}}).activation, Activation::gelu);
  EXPECT_EQ(spec_of({{"hidden_act", "gelu_new"}}).activation, Activation::gelu_tanh);
  EXPECT_EQ(spec_of({{"hidden_act", "gelu_pytorch_tanh"}}).activation, Activation::gelu_tanh);
}

TEST(MistralSpec, WindowsEveryLayer) {
  const DecoderSpec spec =
      spec_of({{"model_type", "mistral"}, {"sliding_window", 32}, {"head_dim", 16}});
  EXPECT_EQ(windows(spec), (Windows{32, 32, 32}));
  EXPECT_EQ(spec.layers[0].attention.q.outputs, 128);
  EXPECT_EQ(spec.layers[0].attention.o.inputs, 128);
  EXPECT_EQ(windows(spec_of({{"model_type", "mistral"}, {"sliding_window", nullptr}})),
            (Windows{0, 0, 0}));
}

TEST(Qwen2Spec, HasBiasesOnQkvOnly) {
  const DecoderSpec spec = spec_of({{"model_type", "qwen2"}, {"attention_bias", nullptr}});
  EXPECT_TRUE(spec.layers[0].attention.q.bias);
  EXPECT_TRUE(spec.layers[0].attention.v.bias);
  EXPECT_FALSE(spec.layers[0].attention.o.bias);
}

TEST(Qwen2Spec, WindowsTheLayersFromMaxWindowLayersOnWhenTheyAreUsed) {
  json config{{"model_type", "qwen2"},
              {"attention_bias", nullptr},
              {"use_sliding_window", false},
              {"sliding_window", 32},
              {"max_window_layers", 1}};
  EXPECT_EQ(windows(spec_of(config)), (Windows{0, 0, 0}));
  config["use_sliding_window"] = true;
  EXPECT_EQ(windows(spec_of(config)), (Windows{0, 32, 32}));
  config["max_window_layers"] = 28;
  EXPECT_EQ(windows(spec_of(config)), (Windows{0, 0, 0}));
}

TEST(Qwen3Spec, NormalisesQAndKPerHead) {
  const DecoderSpec spec = spec_of({{"model_type", "qwen3"}, {"head_dim", 16}});
  ASSERT_TRUE(spec.layers[1].attention.q_norm);
  EXPECT_EQ(spec.layers[1].attention.q_norm->path, "model.layers.1.self_attn.q_norm");
  EXPECT_EQ(spec.layers[1].attention.k_norm->width, 16);
  EXPECT_FALSE(spec.layers[1].attention.q.bias);
}

TEST(LayerTypes, DecideEachLayersWindow) {
  const json types{"sliding_attention", "full_attention", "sliding_attention"};
  EXPECT_EQ(windows(spec_of({{"layer_types", types}, {"sliding_window", 9}})), (Windows{9, 0, 9}));
}

TEST(Rope, ReadsOldAndNewSpellings) {
  using kernels::RopeScaling;
  const auto old = spec_of({{"rope_scaling", {{"type", "linear"}, {"factor", 2}}}}).rope;
  EXPECT_EQ(old.scaling, RopeScaling::linear);
  EXPECT_EQ(old.factor, 2.0);
  EXPECT_EQ(old.theta, 500000.0);
  const auto modern = spec_of({{"rope_theta", nullptr},
                               {"rope_parameters",
                                {{"rope_type", "llama3"},
                                 {"rope_theta", 1e6},
                                 {"factor", 8.0},
                                 {"low_freq_factor", 1},
                                 {"high_freq_factor", 4},
                                 {"original_max_position_embeddings", 8192}}}})
                          .rope;
  EXPECT_EQ(modern.scaling, RopeScaling::llama3);
  EXPECT_EQ(modern.theta, 1e6);
  EXPECT_EQ(modern.high_freq_factor, 4.0);
  EXPECT_EQ(modern.original_max_position, 8192.0);
}

TEST(Rope, GivesYarnItsDefaults) {
  const auto rope = spec_of({{"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}}}).rope;
  EXPECT_EQ(rope.scaling, kernels::RopeScaling::yarn);
  EXPECT_EQ(rope.original_max_position, 128.0);
  EXPECT_EQ(rope.beta_fast, 32.0);
  EXPECT_EQ(rope.beta_slow, 1.0);
  EXPECT_EQ(rope.attention_factor, 0.0);
  EXPECT_TRUE(rope.truncate);
}

TEST(Rope, RotatesAPartOfTheHead) {
  EXPECT_EQ(spec_of({{"partial_rotary_factor", 0.5}}).rope.rotary_dim, 4);
  EXPECT_EQ(refusal({{"partial_rotary_factor", 0.4}}),
            "m/config.json: partial_rotary_factor = 0.4 rotates an odd part of head_dim = 8");
}

struct Refused {
  const char* patch;
  const char* says;  // a part of the message
};

void PrintTo(const Refused& each, std::ostream* out) {
  *out << each.patch;
}

class RefusedConfig : public testing::TestWithParam<Refused> {};

TEST_P(RefusedConfig, NamesKeyAndValue) {
  const std::string message = refusal(json::parse(GetParam().patch));
  EXPECT_TRUE(message.starts_with("m/config.json: ")) << message;
  EXPECT_NE(message.find(GetParam().says), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Shape, RefusedConfig,
    testing::Values(
        Refused{
            R"({"model_type": "mamba"})",
            R"(model_type = "mamba" is not supported; supported are llama, mistral, qwen2, qwen3)"},
        Refused{R"({"model_type": null})", "lacks model_type"},
        Refused{R"({"hidden_size": null})", "lacks hidden_size"},
        Refused{R"({"hidden_size": "64"})", R"(hidden_size = "64" is not an integer from 1)"},
        Refused{R"({"hidden_size": 64.5})", "hidden_size = 64.5 is not an integer"},
        Refused{R"({"hidden_size": -1})", "hidden_size = -1"},
        Refused{R"({"hidden_size": 1e300})", "hidden_size = 1e+300"},
        Refused{R"({"vocab_size": 18446744073709551615})", "vocab_size = 18446744073709551615"},
        Refused{R"({"num_hidden_layers": 0})", "num_hidden_layers = 0"},
        Refused{R"({"num_key_value_heads": 3})",
                "num_key_value_heads = 3 does not divide num_attention_heads = 8"},
        Refused{R"({"hidden_size": 65})", "hidden_size = 65 is not a multiple"},
        Refused{R"({"head_dim": 7})", "head_dim = 7 is odd"},
        Refused{R"({"head_dim": 16777216})", "head_dim = 16777216 times"},
        Refused{R"({"rms_norm_eps": 0})", "rms_norm_eps = 0 is not between"},
        Refused{R"({"tie_word_embeddings": "yes"})", R"(tie_word_embeddings = "yes" is not true)"},
        Refused{R"({"architectures": ["LlamaForSequenceClassification"]})", "architectures = ["},
        Refused{R"({"attention_bias": 1})", "attention_bias = 1 is not true or false"}));

INSTANTIATE_TEST_SUITE_P(
    Mathematics, RefusedConfig,
    testing::Values(
        Refused{R"({"hidden_act": "relu2"})", R"(hidden_act = "relu2" is not supported)"},
        Refused{R"({"attention_multiplier": 0.5})", "attention_multiplier = 0.5 is not supported"},
        Refused{R"({"residual_multiplier": 0.2})", "residual_multiplier = 0.2"},
        Refused{R"({"final_logit_softcapping": 30.0})", "final_logit_softcapping = 30.0"},
        Refused{R"({"num_local_experts": 8})", "num_local_experts = 8"},
        Refused{R"({"no_rope_layers": [1, 0, 1]})", "no_rope_layers = [1,0,1]"},
        Refused{R"({"rope_interleaved": true})", "rope_interleaved = true"},
        Refused{R"({"sliding_window": 32})", "sliding_window = 32 is ambiguous"},
        Refused{R"({"layer_types": ["full_attention"]})", "layer_types = ["},
        Refused{R"({"layer_types": ["full_attention", "linear_attention", "full_attention"]})",
                "unsupported type 'linear_attention'"},
        Refused{R"({"layer_types": ["sliding_attention", "full_attention", "full_attention"]})",
                "sliding_window = null is needed by layer_types"},
        Refused{R"({"model_type": "qwen2", "use_sliding_window": false, "sliding_window": 9,
                    "layer_types": ["sliding_attention", "full_attention", "full_attention"]})",
                "contradicts use_sliding_window"},
        Refused{R"({"model_type": "qwen2", "use_sliding_window": true, "sliding_window": 9})",
                "lacks max_window_layers"},
        Refused{R"({"model_type": "qwen2", "attention_bias": false})", "attention_bias = false"},
        Refused{R"({"model_type": "qwen2", "use_mrope": true})", "use_mrope = true"}));

INSTANTIATE_TEST_SUITE_P(
    RopeForms, RefusedConfig,
    testing::Values(
        Refused{R"({"rope_theta": 0})", "rope_theta = 0 is not positive"},
        Refused{R"({"rope_scaling": "yarn"})", R"(rope_scaling = "yarn" is not an object)"},
        Refused{R"({"rope_scaling": {"type": "dynamic", "factor": 2}})",
                R"(rope_scaling.type = "dynamic" is not supported)"},
        Refused{R"({"rope_scaling": {"rope_type": "longrope"}})",
                R"(rope_scaling.rope_type = "longrope" is not supported)"},
        Refused{R"({"rope_scaling": {"type": "mrope", "mrope_section": [1, 1]}})",
                "rope_scaling.mrope_section = [1,1] is not supported"},
        Refused{R"({"rope_scaling": {"type": "linear"}})",
                "rope_scaling.factor = null is not a number from 1 up"},
        Refused{R"({"rope_scaling": {"type": "linear", "factor": 0.5}})", "factor = 0.5"},
        Refused{R"({"rope_scaling": {"type": "linear", "rope_type": "yarn", "factor": 2}})",
                "contradicts rope_type"},
        Refused{R"({"rope_scaling": {"rope_type": "llama3", "factor": 8}})",
                "low_freq_factor = null is not positive"},
        Refused{R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
                    "high_freq_factor": 1, "original_max_position_embeddings": 64}})",
                "high_freq_factor = 1 is not above low_freq_factor"},
        Refused{R"({"rope_parameters": {"full_attention": {"rope_type": "default"}}})",
                "rope_parameters.full_attention"},
        Refused{
            R"({"rope_parameters": {"rope_type": "default"}, "rope_scaling": {"type": "yarn"}})",
            "contradicts rope_parameters"}));

TEST(JsonObject, RefusesWhatIsNoObject) {
  for (const char* text : {"", "[]", "{", "{\"a\":1e999}", "\xff"}) {
    EXPECT_THROW((void)JsonObject::from_text(text, "m/config.json"), LoadError) << text;
  }
  const std::string deep = "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_THROW((void)JsonObject::from_text(deep, "m/config.json"), LoadError);
}

TEST(Quantization, FollowsEntriesThenScales) {
  const QuantizationConfig config(object(json::parse(R"({"quantization": {
      "group_size": 64, "bits": 4, "mode": "affine", "a": {"bits": 8, "group_size": 32},
      "b": false, "c": true, "d": {"bits": 6}}})")));
  EXPECT_EQ(config.format_of("a", true), (AffineFormat{8, 32}));
  EXPECT_EQ(config.format_of("b", true), std::nullopt);
  EXPECT_EQ(config.format_of("c", false), (AffineFormat{4, 64}));
  EXPECT_EQ(config.format_of("d", true), (AffineFormat{6, 64}));
  EXPECT_EQ(config.format_of("other", true), (AffineFormat{4, 64}));
  EXPECT_EQ(config.format_of("other", false), std::nullopt);
}

TEST(Quantization, IsReadFromEitherName) {
  const json described{{"group_size", 32}, {"bits", 3}};
  const QuantizationConfig config(object({{"quantization_config", described}}));
  EXPECT_EQ(config.format_of("x", true), (AffineFormat{3, 32}));
}

TEST(Quantization, RefusesScalesThatNothingDescribes) {
  EXPECT_THROW((void)QuantizationConfig(object({})).format_of("x", true), LoadError);
  EXPECT_EQ(QuantizationConfig(object({})).format_of("x", false), std::nullopt);
}

TEST(Quantization, RefusesOtherMethodsByName) {
  const auto refused = [](const char* described) -> std::string {
    try {
      const QuantizationConfig config(object({{"quantization", json::parse(described)}}));
      return "";
    } catch (const LoadError& error) {
      return error.what();
    }
  };
  EXPECT_NE(refused(R"({"quant_method": "gptq", "bits": 4})")
                .find(R"(quantization.quant_method = "gptq" is not supported)"),
            std::string::npos);
  EXPECT_NE(refused(R"({"mode": "mxfp4", "bits": 4, "group_size": 32})")
                .find(R"(quantization.mode = "mxfp4")"),
            std::string::npos);
  EXPECT_NE(refused(R"({"bits": 7, "group_size": 32})").find("quantization.bits = 7"),
            std::string::npos);
  EXPECT_NE(refused(R"({"bits": 4, "group_size": 48})").find("quantization.group_size = 48"),
            std::string::npos);
  EXPECT_NE(refused(R"({"bits": 4, "zero_point": "x"})").find("quantization.zero_point"),
            std::string::npos);
  EXPECT_NE(refused(R"({"bits": 4, "a": {"mode": "nvfp4"}})").find("quantization.a.mode"),
            std::string::npos);
}

}  // namespace
}  // namespace quire::engine
