// Whole answers (not streamed) over loopback, from a scripted engine: shapes, ends, counts.
#include <gtest/gtest.h>

#include "server/openai/options.h"
#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

constexpr const char* kChat = R"("messages":[{"role":"user","content":"hi"}])";

std::string chat(const std::string& more) {
  return std::string("{").append(kChat).append(more) + "}";
}
std::string completion(const std::string& more) {
  return std::string("{\"prompt\":\"abc\"").append(more) + "}";
}

Json ask_chat(ScriptedServer& server, const std::string& more) {
  return json_of(server.client().post("/v1/chat/completions", chat(more)));
}
Json ask(ScriptedServer& server, const std::string& more) {
  return json_of(server.client().post("/v1/completions", completion(more)));
}

TEST(ChatAnswer, HasTheShapeOfTheApi) {
  ScriptedServer server("Hello");
  Json answer = json_of(server.client().post("/v1/chat/completions", chat(R"(,"seed":7)"),
                                             "x-request-id: my-id\r\n"));
  EXPECT_GT(answer["created"].get<std::int64_t>(), 1'600'000'000);
  answer.erase("created");
  // <s> <|user|> h i <|end|> <|assistant|>
  EXPECT_EQ(to_text(answer),
            R"({"id":"chatcmpl-my-id","object":"chat.completion","model":"tiny",)"
            R"("system_fingerprint":"quire-0.1.0","seed":7,"choices":[{"index":0,)"
            R"("message":{"role":"assistant","content":"Hello","refusal":null},"logprobs":null,)"
            R"("finish_reason":"stop","stop_reason":null}],"usage":{"prompt_tokens":6,)"
            R"("completion_tokens":6,"total_tokens":12,)"
            R"("prompt_tokens_details":{"cached_tokens":0}}})");
}

TEST(CompletionAnswer, HasTheShapeOfTheApi) {
  ScriptedServer server("Hello");
  Json answer = json_of(
      server.client().post("/v1/completions", completion(R"(,"seed":7)"), "x-request-id: r\r\n"));
  answer.erase("created");
  EXPECT_EQ(to_text(answer),
            R"({"id":"cmpl-r","object":"text_completion","model":"tiny",)"
            R"("system_fingerprint":"quire-0.1.0","seed":7,"choices":[{"index":0,"text":"Hello",)"
            R"("logprobs":null,"finish_reason":"stop","stop_reason":null}],"usage":{)"
            R"("prompt_tokens":4,"completion_tokens":6,"total_tokens":10,)"
            R"("prompt_tokens_details":{"cached_tokens":0}}})");
}

TEST(Answer, EndsAtMaxTokensWithLength) {
  ScriptedServer server(std::string(100, 'x'));
  const Json five = ask(server, R"(,"max_tokens":5)");
  EXPECT_EQ(five["choices"][0]["text"], "xxxxx");
  EXPECT_EQ(five["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(ask(server, "")["usage"]["completion_tokens"], 16) << "the API's default";
  const Json all = ask_chat(server, "");
  EXPECT_EQ(all["choices"][0]["message"]["content"], std::string(100, 'x'))
      << "chat has no default: the rest of the context";
  EXPECT_EQ(ask_chat(server, R"(,"max_completion_tokens":3)")["usage"]["completion_tokens"], 3);
}

TEST(Answer, EndsAtTheLastPositionOfTheContext) {
  ServerSetup setup;
  setup.scheduler.max_model_tokens = 20;
  ScriptedServer server(std::string(100, 'x'), setup);
  const Json answer = ask_chat(server, "");
  EXPECT_EQ(answer["usage"]["total_tokens"], 20);
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
}

TEST(Answer, EndsBeforeAStopStringAndCountsTheTokensUpToIt) {
  ScriptedServer server("one two three");
  const Json answer = ask(server, R"(,"stop":["two","zzz"])");
  EXPECT_EQ(answer["choices"][0]["text"], "one ");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(answer["choices"][0]["stop_reason"], "two");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 7);
  const Json with = ask(server, R"(,"stop":"two","include_stop_str_in_output":true)");
  EXPECT_EQ(with["choices"][0]["text"], "one two");
}

TEST(Answer, KeepsTextThatOnlyBeginsLikeAStopString) {
  ScriptedServer server("one tw");
  const Json answer = ask(server, R"(,"stop":["two"])");
  EXPECT_EQ(answer["choices"][0]["text"], "one tw");
  EXPECT_EQ(answer["choices"][0]["stop_reason"], nullptr);
}

TEST(Answer, EndsAtAStopTokenWithoutItsText) {
  ScriptedServer server("ab!cd");
  const std::string bang = std::to_string(ScriptedRunner::token_of('!'));
  const Json answer = ask(server, R"(,"stop_token_ids":[)" + bang + "]");
  EXPECT_EQ(answer["choices"][0]["text"], "ab");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(std::to_string(answer["choices"][0]["stop_reason"].get<int>()), bang);
  EXPECT_EQ(answer["usage"]["completion_tokens"], 3);
}

TEST(Answer, IgnoreEosGoesOn) {
  ScriptedServer server("ab");  // then </s>, for ever
  const Json answer = ask(server, R"(,"ignore_eos":true,"max_tokens":6)");
  EXPECT_EQ(answer["choices"][0]["text"], "ab");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 6);
  const Json shown =
      ask(server, R"(,"ignore_eos":true,"max_tokens":4,"skip_special_tokens":false)");
  EXPECT_EQ(shown["choices"][0]["text"], "ab</s></s>");
}

TEST(Answer, ReplacesAnIncompleteCharacterAtTheEnd) {
  ScriptedServer server("a\xE2\x82\xAC\xE2\x82\xAC");
  EXPECT_EQ(ask(server, R"(,"max_tokens":4)")["choices"][0]["text"], "a\u20AC");
  EXPECT_EQ(ask(server, R"(,"max_tokens":6)")["choices"][0]["text"], "a\u20AC\uFFFD");
}

TEST(Answer, ReportsTheSeedItDrew) {
  ScriptedServer server;
  const auto first = ask(server, "")["seed"].get<std::int64_t>();
  const auto second = ask(server, "")["seed"].get<std::int64_t>();
  EXPECT_NE(first, second);
  EXPECT_GE(first, 0);
  EXPECT_LT(first, std::int64_t{1} << 53U);
  EXPECT_EQ(ask(server, R"(,"seed":-9)")["seed"], -9);
}

TEST(Answer, HasOneChoiceForEachPromptAndN) {
  ScriptedServer server("Hi");
  const Json answer = json_of(server.client().post(
      "/v1/completions", R"({"prompt":["a","bc"],"n":2,"seed":5,"return_token_ids":true})"));
  ASSERT_EQ(answer["choices"].size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const Json& choice = answer["choices"][i];
    EXPECT_EQ(choice["index"], i);
    EXPECT_EQ(choice["text"], "Hi");
    EXPECT_EQ(choice["seed"], seed_of_choice(5, static_cast<std::int32_t>(i % 2)));
    EXPECT_EQ(choice["prompt_token_ids"].size(), i < 2 ? 2U : 3U);
    EXPECT_EQ(choice["token_ids"],
              Json({ScriptedRunner::token_of('H'), ScriptedRunner::token_of('i'), 1}));
  }
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 5) << "a prompt counts once";
  EXPECT_EQ(answer["usage"]["completion_tokens"], 12);
}

TEST(Answer, TakesTokenIdsAsPrompts) {
  ScriptedServer server("Hi");
  const auto size = [&](const std::string& prompt) {
    const Json answer =
        json_of(server.client().post("/v1/completions", R"({"prompt":)" + prompt + "}"));
    return answer["usage"]["prompt_tokens"].get<int>();
  };
  EXPECT_EQ(size("[5,6,7]"), 3);
  EXPECT_EQ(size("[[5,6,7],[8]]"), 4);
  EXPECT_EQ(size(R"(["a","b"])"), 4);
}

TEST(Answer, TellsHowMuchOfThePromptWasCached) {
  ScriptedServer server("Hi");
  const std::string prompt = R"({"prompt":")" + std::string(100, 'z') + R"("})";
  const Json cold = json_of(server.client().post("/v1/completions", prompt));
  const Json warm = json_of(server.client().post("/v1/completions", prompt));
  EXPECT_EQ(cold["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
  EXPECT_EQ(warm["usage"]["prompt_tokens_details"]["cached_tokens"], 96);
  EXPECT_EQ(warm["choices"], cold["choices"]);
  const Json salted = json_of(server.client().post(
      "/v1/completions", prompt.substr(0, prompt.size() - 1) + R"(,"cache_salt":"other"})"));
  EXPECT_EQ(salted["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
}

TEST(Answer, ChatLogprobsDescribeEveryToken) {
  ScriptedServer server("a\xC3");  // a, then half a character
  const Json answer = ask_chat(server, R"(,"logprobs":true,"top_logprobs":2,"max_tokens":2)");
  const Json& content = answer["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 2U);
  // The script scores position p with -0.5 - p/64; the prompt has 6 tokens.
  EXPECT_EQ(to_text(content[0]), R"({"token":"a","logprob":-0.59375,"bytes":[97],"top_logprobs":[)"
                                 R"({"token":"a","logprob":-0.59375,"bytes":[97]},)"
                                 R"({"token":"b","logprob":-1.59375,"bytes":[98]}]})");
  EXPECT_EQ(content[1]["token"], "\uFFFD");
  EXPECT_EQ(content[1]["bytes"], Json({0xC3}));
  EXPECT_EQ(answer["choices"][0]["logprobs"]["refusal"], nullptr);
}

TEST(Answer, CompletionLogprobsAreParallelLists) {
  ScriptedServer server("h\xC3\xA9y");
  const Json answer = ask(server, R"(,"logprobs":1,"max_tokens":4)");
  EXPECT_EQ(answer["choices"][0]["text"], "h\u00E9y");
  EXPECT_EQ(to_text(answer["choices"][0]["logprobs"]),
            R"({"tokens":["h","bytes:\\xc3","bytes:\\xa9","y"],)"
            R"("token_logprobs":[-0.5625,-0.578125,-0.59375,-0.609375],)"
            R"("top_logprobs":[{"h":-0.5625},{"bytes:\\xc3":-0.578125},)"
            R"({"bytes:\\xa9":-0.59375},{"y":-0.609375}],"text_offset":[0,1,1,2]})");
}

TEST(Answer, EchoRepeatsThePrompt) {
  ScriptedServer server("de");
  EXPECT_EQ(ask(server, R"(,"echo":true)")["choices"][0]["text"], "abcde");
  const Json ids =
      json_of(server.client().post("/v1/completions", R"({"prompt":[0,70,71],"echo":true})"));
  EXPECT_EQ(ids["choices"][0]["text"], "ABde");
}

TEST(Answer, EchoWithLogprobsScoresThePrompt) {
  ScriptedServer server("d");
  const Json answer = ask(server, R"(,"echo":true,"logprobs":0,"max_tokens":1)");
  EXPECT_EQ(to_text(answer["choices"][0]["logprobs"]),
            R"({"tokens":["<s>","a","b","c","d"],)"
            R"("token_logprobs":[null,-0.5,-0.515625,-0.53125,-0.5625],)"
            R"("top_logprobs":[null,{"a":-0.5},{"b":-0.515625},{"c":-0.53125},{"d":-0.5625}],)"
            R"("text_offset":[0,0,1,2,3]})");
}

TEST(Answer, MaxTokensZeroOnlyScoresThePrompt) {
  ScriptedServer server("d");
  const Json answer = ask(server, R"(,"echo":true,"logprobs":0,"max_tokens":0)");
  EXPECT_EQ(answer["choices"][0]["text"], "abc");
  EXPECT_EQ(answer["choices"][0]["logprobs"]["tokens"].size(), 4U);
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 0);
  EXPECT_EQ(ask(server, R"(,"echo":true,"max_tokens":0)")["choices"][0]["text"], "abc");
  EXPECT_EQ(ask(server, R"(,"max_tokens":0)")["error"]["param"], "max_tokens");
}

TEST(Answer, ContinuesTheFinalMessage) {
  ScriptedServer server("x");
  const Json answer = json_of(server.client().post(
      "/v1/chat/completions",
      R"({"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ab "}],)"
      R"("continue_final_message":true,"return_token_ids":true})"));
  const Json ids = answer["choices"][0]["prompt_token_ids"];
  ASSERT_EQ(ids.size(), 9U) << answer;
  EXPECT_EQ(ids[8], ScriptedRunner::token_of(' '));
}

TEST(Answer, RendersToolsIntoThePrompt) {
  ScriptedServer server("x");
  const auto size = [&](const std::string& more) {
    return ask_chat(server, more)["usage"]["prompt_tokens"].get<int>();
  };
  const std::string tools = R"(,"tools":[{"type":"function","function":{"name":"find"}}])";
  EXPECT_GT(size(tools), size(""));
  EXPECT_EQ(size(tools + R"(,"tool_choice":"none")"), size(""));
}

}  // namespace
}  // namespace quire::server::testing
