// MLX's description of quantised modules in config.json.

#include "engine/config/quantization_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace quire::engine {
namespace {

using nlohmann::json;

JsonObject object(const json& config) {
  return JsonObject::from_text(config.dump(), "m/config.json");
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
  EXPECT_THROW((void)QuantizationConfig(object(json::object())).format_of("x", true), LoadError);
  EXPECT_EQ(QuantizationConfig(object(json::object())).format_of("x", false), std::nullopt);
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
