// config.json files that are refused, by key and value.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "engine/models/family.h"
#include "tests/engine/llama_config.h"

namespace quire::engine {
namespace {

using nlohmann::json;

/// What the refusal says; "" when the config is accepted. A null in the patch removes a key.
std::string refusal(const json& patch) {
  try {
    (void)make_decoder_spec(test::object(patch));
    return "";
  } catch (const LoadError& error) {
    return error.what();
  }
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
        Refused{R"({"partial_rotary_factor": 0.4})",
                "partial_rotary_factor = 0.4 rotates an odd part of head_dim = 8"},
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

}  // namespace
}  // namespace quire::engine
