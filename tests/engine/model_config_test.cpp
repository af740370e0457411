// config.json of every family, in old and new spellings.

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/models/family.h"
#include "tests/engine/llama_config.h"

namespace quire::engine {
namespace {

using nlohmann::json;
using test::object;

DecoderSpec spec_of(const json& patch) {
  return make_decoder_spec(object(patch));
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
}

// As published, with the keys of training and tooling that real configs carry.
TEST(PublishedConfigs, AreAccepted) {
  const char* const smollm2 = R"({"architectures": ["LlamaForCausalLM"], "attention_bias": false,
      "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
      "hidden_size": 576, "initializer_range": 0.041666666666666664, "intermediate_size": 1536,
      "is_llama_config": true, "max_position_embeddings": 8192, "mlp_bias": false,
      "model_type": "llama", "num_attention_heads": 9, "num_hidden_layers": 30,
      "num_key_value_heads": 3, "pad_token_id": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
      "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000,
      "tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers.js_config":
      {"kv_cache_dtype": {"fp16": "float16"}}, "use_cache": true, "vocab_size": 49152})";
  const char* const llama32 = R"({"architectures": ["LlamaForCausalLM"], "attention_bias": false,
      "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64,
      "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192,
      "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
      "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8,
      "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0,
      "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
      "rope_type": "llama3"}, "rope_theta": 500000.0, "tie_word_embeddings": true,
      "torch_dtype": "bfloat16", "vocab_size": 128256})";
  const char* const qwen25 = R"({"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0,
      "bos_token_id": 151643, "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 896,
      "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 24,
      "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24,
      "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
      "sliding_window": 32768, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
      "use_cache": true, "use_mrope": false, "use_sliding_window": false, "vocab_size": 151936})";
  const char* const qwen3 = R"({"architectures": ["Qwen3ForCausalLM"], "attention_bias": false,
      "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
      "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 40960,
      "max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16,
      "num_hidden_layers": 28, "num_key_value_heads": 8, "rms_norm_eps": 1e-06,
      "rope_scaling": null, "rope_theta": 1000000, "sliding_window": null,
      "tie_word_embeddings": true, "use_sliding_window": false, "vocab_size": 151936})";
  const char* const mistral = R"({"architectures": ["MistralForCausalLM"], "bos_token_id": 1,
      "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
      "max_position_embeddings": 32768, "model_type": "mistral", "num_attention_heads": 32,
      "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
      "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": false,
      "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 32000})";
  EXPECT_EQ(make_decoder_spec(object({}, smollm2)).head_dim, 64);
  EXPECT_EQ(make_decoder_spec(object({}, llama32)).rope.factor, 32.0);
  EXPECT_EQ(make_decoder_spec(object({}, qwen25)).layers[23].attention.window, 0);
  EXPECT_EQ(make_decoder_spec(object({}, qwen3)).layers[0].attention.q.outputs, 2048);
  EXPECT_EQ(make_decoder_spec(object({}, mistral)).layers[31].attention.window, 4096);
}

}  // namespace
}  // namespace quire::engine
