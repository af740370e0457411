// Fields of a request that both dialects share: sampling, stopping, streaming.
#include "server/openai/options.h"

#include <gtest/gtest.h>

namespace quire::server {
namespace {

std::string body_of(const char* field, const char* value) {
  std::string body("{\"");
  body.append(field).append("\":").append(value).append("}");
  return body;
}

/// Reads options out of a JSON text; the error is null when all went well.
class OptionsTest : public ::testing::Test {
 protected:
  OptionsTest() {
    config_.model_names = {"tiny", "alias"};
    summary_.vocab_size = 100;
    summary_.eos = {1, 7};
  }

  GenerationOptions read(const std::string& text, Dialect dialect = Dialect::chat) {
    const Json body = parse_json(text).value();
    FieldReader fields(body);
    GenerationOptions options = read_options(fields, {config_, summary_, defaults_}, dialect);
    error_ = fields.finish();
    return options;
  }

  void expect_refused(const std::string& text, ErrorKind kind, const std::string& param,
                      Dialect dialect = Dialect::chat) {
    read(text, dialect);
    ASSERT_TRUE(error_.has_value()) << text;
    EXPECT_EQ(error_->kind, kind) << text << ": " << error_->message;
    EXPECT_EQ(error_->param, param) << text << ": " << error_->message;
    EXPECT_EQ(error_->message.empty(), false);
  }

  ServerConfig config_;
  engine::ModelSummary summary_;
  engine::SamplingDefaults defaults_;
  std::optional<ApiError> error_;
};

TEST_F(OptionsTest, EmptyBodyGivesTheDefaultsOfTheApi) {
  const GenerationOptions options = read("{}");
  EXPECT_EQ(error_, std::nullopt) << error_->message;
  EXPECT_EQ(options.sampling.temperature, 1.0F);
  EXPECT_EQ(options.sampling.top_p, 1.0F);
  EXPECT_EQ(options.sampling.stop_token_ids, (std::vector<engine::TokenId>{1, 7}));
  EXPECT_EQ(options.max_tokens, std::nullopt);
  EXPECT_EQ(options.n, 1);
  EXPECT_FALSE(options.stream);
  EXPECT_TRUE(options.skip_special_tokens);
  EXPECT_GE(options.seed, 0);
}

TEST_F(OptionsTest, DefaultsComeFromTheServerThenTheModel) {
  defaults_.temperature = 0.6F;
  defaults_.top_k = 20;
  EXPECT_EQ(read("{}").sampling.temperature, 0.6F);
  config_.sampling.temperature = 0.1F;
  EXPECT_EQ(read("{}").sampling.temperature, 0.1F);
  EXPECT_EQ(read("{}").sampling.top_k, 20);
  EXPECT_EQ(read(R"({"temperature":0,"top_k":-1})").sampling.temperature, 0.0F);
  EXPECT_EQ(read(R"({"temperature":0,"top_k":-1})").sampling.top_k, 0);
}

TEST_F(OptionsTest, ReadsEverySamplingField) {
  const GenerationOptions options = read(R"({"temperature":0.5,"top_k":5,"top_p":0.9,"min_p":0.1,
      "repetition_penalty":1.1,"presence_penalty":-1,"frequency_penalty":2,
      "repetition_context_size":20,"presence_context_size":21,"frequency_context_size":22,
      "logit_bias":{"50":-100,"3":1.5},"seed":42,"stop":["a","b"],"stop_token_ids":[9,3,9],
      "min_tokens":2,"max_tokens":10,"logprobs":true,"top_logprobs":3,"priority":-4,
      "cache_salt":"tenant","include_stop_str_in_output":true,"skip_special_tokens":false,
      "return_token_ids":true,"n":2})");
  ASSERT_EQ(error_, std::nullopt) << error_->message;
  const engine::SamplingParams& s = options.sampling;
  EXPECT_EQ(s.temperature, 0.5F);
  EXPECT_EQ(s.top_k, 5);
  EXPECT_EQ(s.top_p, 0.9F);
  EXPECT_EQ(s.min_p, 0.1F);
  EXPECT_EQ(s.repetition_penalty, 1.1F);
  EXPECT_EQ(s.presence_penalty, -1.0F);
  EXPECT_EQ(s.frequency_penalty, 2.0F);
  EXPECT_EQ(s.repetition_context_size, 20);
  EXPECT_EQ(s.presence_context_size, 21);
  EXPECT_EQ(s.frequency_context_size, 22);
  EXPECT_EQ(s.logit_bias,
            (std::vector<std::pair<engine::TokenId, float>>{{3, 1.5F}, {50, -100.0F}}));
  EXPECT_EQ(s.stop_token_ids, (std::vector<engine::TokenId>{1, 3, 7, 9}));
  EXPECT_EQ(s.min_tokens, 2);
  EXPECT_TRUE(s.logprobs);
  EXPECT_EQ(s.top_logprobs, 3);
  EXPECT_EQ(options.seed, 42);
  EXPECT_EQ(options.stops, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.max_tokens, 10);
  EXPECT_EQ(options.priority, -4);
  EXPECT_EQ(options.cache_salt, "tenant");
  EXPECT_TRUE(options.include_stop);
  EXPECT_FALSE(options.skip_special_tokens);
  EXPECT_TRUE(options.return_token_ids);
  EXPECT_EQ(options.n, 2);
}

TEST_F(OptionsTest, NullMeansAbsent) {
  read(R"({"temperature":null,"stop":null,"stream":null,"stream_options":null,"seed":null,
      "logit_bias":null,"n":null,"max_tokens":null,"model":null,"user":null,"store":null})");
  EXPECT_EQ(error_, std::nullopt) << error_->message;
}

TEST_F(OptionsTest, AcceptsWhatCannotChangeAnAnswer) {
  read(R"({"user":"u","metadata":{"a":"b"},"safety_identifier":"s","prompt_cache_key":"k",
      "store":false,"service_tier":"auto"})");
  EXPECT_EQ(error_, std::nullopt) << error_->message;
}

TEST_F(OptionsTest, IgnoreEosDropsTheModelsStopTokensOnly) {
  const auto options = read(R"({"ignore_eos":true,"stop_token_ids":[5]})");
  EXPECT_EQ(options.sampling.stop_token_ids, (std::vector<engine::TokenId>{5}));
}

TEST_F(OptionsTest, CompletionsCountLogprobs) {
  const auto options = read(R"({"logprobs":0})", Dialect::completions);
  EXPECT_TRUE(options.sampling.logprobs);
  EXPECT_EQ(options.sampling.top_logprobs, 0);
  EXPECT_EQ(read(R"({"logprobs":4})", Dialect::completions).sampling.top_logprobs, 4);
}

TEST_F(OptionsTest, BothNamesOfMaxTokensMustAgree) {
  EXPECT_EQ(read(R"({"max_completion_tokens":5})").max_tokens, 5);
  EXPECT_EQ(read(R"({"max_tokens":5,"max_completion_tokens":5})").max_tokens, 5);
  expect_refused(R"({"max_tokens":5,"max_completion_tokens":6})", ErrorKind::invalid_value,
                 "max_completion_tokens");
  expect_refused(R"({"max_completion_tokens":5})", ErrorKind::unknown_field,
                 "max_completion_tokens", Dialect::completions);
}

TEST_F(OptionsTest, RefusesValuesOutOfRange) {
  const std::pair<const char*, const char*> cases[] = {
      {"temperature", "-0.1"},
      {"temperature", "101"},
      {"top_p", "0"},
      {"top_p", "1.01"},
      {"min_p", "1.5"},
      {"top_k", "-2"},
      {"top_k", "3000000000"},
      {"repetition_penalty", "0"},
      {"presence_penalty", "2.1"},
      {"frequency_penalty", "-3"},
      {"n", "0"},
      {"n", "129"},
      {"max_tokens", "0"},
      {"max_tokens", "-1"},
      {"max_tokens", "1e300"},
      {"seed", "18446744073709551615"},
      {"top_logprobs", "21"},
      {"logit_bias", R"({"100":1})"},
      {"logit_bias", R"({"x":1})"},
      {"logit_bias", R"({"1":101})"},
      {"logit_bias", R"({"1":1,"01":1})"},
      {"stop", R"([""])"},
      {"stop", "\"\""},
      {"stop_token_ids", "[100]"},
      {"stop_token_ids", "[-1]"},
      {"min_tokens", "-1"},
      {"priority", "4000000000"},
  };
  for (const auto& [field, value] : cases) {
    expect_refused(body_of(field, value), ErrorKind::invalid_value, field);
  }
}

TEST_F(OptionsTest, RefusesWrongTypes) {
  const std::pair<const char*, const char*> cases[] = {
      {"temperature", "\"0.5\""},
      {"top_p", "true"},
      {"n", "1.5"},
      {"n", "[]"},
      {"stream", "1"},
      {"stop", "{}"},
      {"stop", "[1]"},
      {"logprobs", "3"},
      {"logit_bias", "[]"},
      {"seed", "\"1\""},
      {"seed", "0.5"},
      {"model", "{}"},
      {"stream_options", "true"},
      {"user_x", "1"},
      {"ignore_eos", "0"},
      {"stop_token_ids", "3"},
  };
  for (const auto& [field, value] : cases) {
    expect_refused(
        body_of(field, value),
        std::string(field) == "user_x" ? ErrorKind::unknown_field : ErrorKind::invalid_type, field);
  }
}

TEST_F(OptionsTest, AWholeNumberMayBeWrittenAsAFloat) {
  EXPECT_EQ(read(R"({"n":2.0})").n, 2);
}

TEST_F(OptionsTest, RefusesFieldsThatDoNotWorkHere) {
  expect_refused(R"({"store":true})", ErrorKind::unsupported_field, "store");
  expect_refused(R"({"service_tier":"flex"})", ErrorKind::unsupported_field, "service_tier");
  expect_refused(R"({"top_logprobs":2})", ErrorKind::invalid_value, "top_logprobs");
  expect_refused(R"({"stream_options":{"include_usage":true}})", ErrorKind::invalid_value,
                 "stream_options");
  expect_refused(R"({"stream":true,"stream_options":{"x":1}})", ErrorKind::unknown_field,
                 "stream_options.x");
  expect_refused(R"({"model":"gpt-4"})", ErrorKind::model_not_found, "model");
  EXPECT_EQ(read(R"({"model":"alias"})").n, 1);
  EXPECT_EQ(error_, std::nullopt);
}

TEST_F(OptionsTest, BoundsListsAndFields) {
  std::string stops = "{\"stop\":[\"a\"";
  for (int i = 0; i < 64; ++i) stops += ",\"b\"";
  expect_refused(stops + "]}", ErrorKind::invalid_value, "stop");
  expect_refused(body_of("stop", ('"' + std::string(1025, 'x') + '"').c_str()),
                 ErrorKind::invalid_value, "stop");
  std::string many = "{";
  for (int i = 0; i < 300; ++i) {
    many.append(i > 0 ? ",\"f" : "\"f").append(std::to_string(i)).append("\":1");
  }
  expect_refused(many + "}", ErrorKind::invalid_value, "");
  expect_refused("[]", ErrorKind::invalid_type, "");
}

TEST(SeedOfChoice, IsTheRequestsOwnForTheFirstAndDiffersForOthers) {
  EXPECT_EQ(seed_of_choice(42, 0), 42);
  EXPECT_EQ(seed_of_choice(-5, 0), -5);
  EXPECT_NE(seed_of_choice(42, 1), seed_of_choice(42, 2));
  EXPECT_NE(seed_of_choice(42, 1), seed_of_choice(43, 1));
  for (int i = 1; i < 100; ++i) {
    EXPECT_GE(seed_of_choice(-1, i), 0);
    EXPECT_LT(seed_of_choice(-1, i), std::int64_t{1} << 53U);
  }
  // Published answers stay reproducible: these values never change.
  EXPECT_EQ(seed_of_choice(42, 1), 6529064058449557);
}

}  // namespace
}  // namespace quire::server
