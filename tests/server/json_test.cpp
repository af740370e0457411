#include "server/json/json.h"

#include <gtest/gtest.h>

#include "server/core/errors.h"

namespace quire::server {
namespace {

std::string refusal_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto result = parse_json(text, limits);
  if (result.ok()) return "accepted";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid_json);
  return result.error().message;
}

TEST(ParseJson, KeepsTheOrderOfKeysAndAllTypes) {
  const auto parsed = parse_json(R"({"z":[1,-2,3.5,true,null,"é\u00e9"],"a":{"k":{}}})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(to_text(parsed.value()), R"({"z":[1,-2,3.5,true,null,"éé"],"a":{"k":{}}})");
}

TEST(ParseJson, AcceptsScalarsAndEmptyContainers) {
  for (const char* text : {"1", "\"x\"", "[]", "{}", "null", " \n[ ]\t"}) {
    EXPECT_EQ(refusal_of(text), "accepted") << text;
  }
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  const char* const bad[] = {"",         "{",           "{]",      "[1,]",        "{\"a\":1,}",
                             "nul",      "NaN",         "[NaN]",   "[-]",         "[01]",
                             "Infinity", "[-Infinity]", "{'a':1}", "[1] [2]",     "{1:2}",
                             "\"\t\"",   "\"\\x41\"",   "[1e999]", "\"\\ud800\"", "// c\n1",
                             "{\"a\"}",  "[\"a\"",      "\"abc",   "[1}"};
  for (const char* text : bad) EXPECT_NE(refusal_of(text), "accepted") << text;
}

TEST(ParseJson, RefusesIllFormedUtf8) {
  for (const char* bytes : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_NE(refusal_of(std::string("[\"") + bytes + "\"]"), "accepted");
  }
}

TEST(ParseJson, RefusesDuplicateKeysAndNamesThem) {
  EXPECT_NE(refusal_of(R"({"a":1,"b":2,"a":3})").find("duplicate key \"a\""), std::string::npos);
  EXPECT_NE(refusal_of(R"({"x":[{"k":1,"k":1}]})"), "accepted");
  EXPECT_EQ(refusal_of(R"({"a":{"a":1},"b":{"a":1}})"), "accepted");
}

TEST(ParseJson, BoundsDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(refusal_of(nested(128)), "accepted");
  EXPECT_NE(refusal_of(nested(129)).find("nested deeper than 128"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(1'000'000, '[')), "accepted");
  std::string objects;
  for (int i = 0; i < 200; ++i) objects += "{\"a\":";
  EXPECT_NE(refusal_of(objects).find("nested deeper"), std::string::npos);
}

TEST(ParseJson, BoundsTheNumberOfValues) {
  EXPECT_EQ(refusal_of("[1,2,3]", {.values = 4}), "accepted");
  EXPECT_NE(refusal_of("[1,2,3]", {.values = 3}).find("more than 3 values"), std::string::npos);
  EXPECT_NE(refusal_of("[[],[],[]]", {.values = 3}), "accepted");
}

TEST(ToText, ReplacesIllFormedBytes) {
  EXPECT_EQ(to_text(Json("a\xff z")), "\"a\xEF\xBF\xBD z\"");
}

TEST(LossyUtf8, KeepsGoodTextAndReplacesEachBadByte) {
  EXPECT_EQ(lossy_utf8("aé€😀"), "aé€😀");
  EXPECT_EQ(lossy_utf8("a\xe2\x82"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(lossy_utf8("\x80z"), "\xEF\xBF\xBDz");
  EXPECT_EQ(lossy_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
}

TEST(ErrorBody, ClipsWhatAClientSent) {
  const std::string body =
      error_body({ErrorKind::unknown_field, std::string(1 << 20, 'x'), std::string(9999, 'p'), {}});
  EXPECT_LT(body.size(), 3000U);
  EXPECT_EQ(parse_json(body).value()["error"]["code"], "unknown_parameter");
}

TEST(ErrorBody, HasTheOpenAiEnvelope) {
  EXPECT_EQ(
      error_body({ErrorKind::invalid_value, "n must be small", "n", {}}),
      R"({"error":{"message":"n must be small","type":"invalid_request_error","param":"n","code":"invalid_value"}})");
  EXPECT_EQ(
      error_body({ErrorKind::queue_full, "full", "", {}}),
      R"({"error":{"message":"full","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}})");
}

}  // namespace
}  // namespace quire::server
