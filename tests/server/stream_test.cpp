// Streamed answers over loopback: the order of events, keepalives, errors in the middle.
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

constexpr const char* kChat = R"({"messages":[{"role":"user","content":"hi"}],"stream":true)";
constexpr const char* kCompletion = R"({"prompt":"abc","stream":true)";

std::string body(const char* begin, const std::string& more = "") {
  return std::string(begin).append(more).append("}");
}

/// The payload of a data event.
Json data_of(const std::string& event) {
  EXPECT_TRUE(event.starts_with("data: ")) << event;
  auto parsed = parse_json(std::string_view(event).substr(6));
  EXPECT_TRUE(parsed.ok()) << event;
  return parsed.ok() ? std::move(parsed).value() : Json();
}

std::vector<std::string> all_events(HttpClient& client) {
  std::vector<std::string> events;
  while (auto event = client.read_event()) events.push_back(std::move(*event));
  return events;
}

std::string stable(const std::string& event) {
  if (event == "data: [DONE]") return event;
  Json chunk = data_of(event);
  for (const char* varying : {"id", "created", "model", "system_fingerprint", "object", "seed"}) {
    chunk.erase(varying);
  }
  return to_text(chunk);
}

std::vector<std::string> stream(ScriptedServer& server, const std::string& path,
                                const std::string& request) {
  HttpClient client = server.client();
  client.send(post_request(path, request));
  EXPECT_EQ(client.read_head().status, 200);
  std::vector<std::string> events;
  for (const std::string& event : all_events(client)) events.push_back(stable(event));
  return events;
}

TEST(Stream, ChatSendsRoleThenContentThenEndThenDone) {
  ScriptedServer server("Hi");
  EXPECT_EQ(
      stream(server, "/v1/chat/completions", body(kChat)),
      (std::vector<std::string>{
          R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]})",
          R"({"choices":[{"index":0,"delta":{"content":"H"},"logprobs":null,"finish_reason":null}]})",
          R"({"choices":[{"index":0,"delta":{"content":"i"},"logprobs":null,"finish_reason":null}]})",
          R"({"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop","stop_reason":null}]})",
          "data: [DONE]"}));
}

TEST(Stream, CompletionsSendTextThenEndThenUsage) {
  ScriptedServer server("Hi");
  EXPECT_EQ(
      stream(server, "/v1/completions",
             body(kCompletion, R"(,"max_tokens":2,"stream_options":{"include_usage":true})")),
      (std::vector<std::string>{
          R"({"choices":[{"index":0,"text":"H","logprobs":null,"finish_reason":null}],"usage":null})",
          R"({"choices":[{"index":0,"text":"i","logprobs":null,"finish_reason":null}],"usage":null})",
          R"({"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"length","stop_reason":null}],"usage":null})",
          R"({"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":0}}})",
          "data: [DONE]"}));
}

TEST(Stream, ContinuousUsageCountsTheChoicesOwnTokens) {
  ScriptedServer server("abc");
  const auto events =
      stream(server, "/v1/completions",
             body(kCompletion,
                  R"(,"stream_options":{"include_usage":true,"continuous_usage_stats":true})"));
  ASSERT_EQ(events.size(), 6U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(parse_json(events[i]).value()["usage"]["completion_tokens"], i + 1);
  }
}

TEST(Stream, HeadersTellProxiesNotToBuffer) {
  ScriptedServer server("Hi");
  HttpClient client = server.client();
  client.send(post_request("/v1/chat/completions", body(kChat)));
  const Reply head = client.read_head();
  EXPECT_EQ(head.header("content-type"), "text/event-stream");
  EXPECT_EQ(head.header("cache-control"), "no-cache");
  EXPECT_EQ(head.header("x-accel-buffering"), "no");
  EXPECT_EQ(head.header("transfer-encoding"), "chunked");
  EXPECT_EQ(all_events(client).size(), 5U);
  EXPECT_EQ(client.get("/version").status, 200) << "the connection serves the next request";
}

TEST(Stream, HoldsBackWhatMayBecomeAStopString) {
  ScriptedServer server("ab stop cd");
  const auto events = stream(server, "/v1/completions", body(kCompletion, R"(,"stop":"stop")"));
  std::string text;
  for (const std::string& event : events) {
    if (event != "data: [DONE]") {
      text += parse_json(event).value()["choices"][0]["text"].get<std::string>();
    }
  }
  EXPECT_EQ(text, "ab ");
  EXPECT_NE(events[events.size() - 2].find(R"("stop_reason":"stop")"), std::string::npos);
}

TEST(Stream, NeverSplitsACharacter) {
  ScriptedServer server("\xE2\x82\xAC!");
  const auto events = stream(server, "/v1/completions", body(kCompletion));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_NE(events[0].find("\u20AC"), std::string::npos);
}

TEST(Stream, LogprobsTravelWithTheirTokenEvenWhenItsTextIsHeldBack) {
  ScriptedServer server("\xE2\x82\xAC");
  const auto events =
      stream(server, "/v1/completions", body(kCompletion, R"(,"logprobs":0,"max_tokens":3)"));
  ASSERT_EQ(events.size(), 5U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Json choice = parse_json(events[i]).value()["choices"][0];
    EXPECT_EQ(choice["logprobs"]["tokens"].size(), 1U);
    EXPECT_EQ(choice["text"], i < 2 ? "" : "\u20AC");
  }
}

TEST(Stream, EchoComesFirst) {
  ScriptedServer server("d");
  const auto events = stream(server, "/v1/completions", body(kCompletion, R"(,"echo":true)"));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_NE(events[0].find(R"("text":"abc")"), std::string::npos);
  EXPECT_NE(events[1].find(R"("text":"d")"), std::string::npos);
}

TEST(Stream, EveryChoiceHasItsOwnChunks) {
  ScriptedServer server("Hi");
  const auto events = stream(server, "/v1/chat/completions", body(kChat, R"(,"n":3,"seed":1)"));
  EXPECT_EQ(events.size(), 13U);
  for (const char* index : {"0", "1", "2"}) {
    std::string text;
    for (const std::string& event : events) {
      if (event.find(std::string("\"index\":") + index) == std::string::npos) continue;
      const Json delta = parse_json(event).value()["choices"][0]["delta"];
      if (delta.contains("content")) text += delta["content"].get<std::string>();
    }
    EXPECT_EQ(text, "Hi");
  }
}

TEST(Stream, SendsKeepalivesWhileThePromptIsProcessed) {
  ServerSetup setup;
  setup.server.timeouts.keepalive = std::chrono::milliseconds(5);
  ScriptedServer server("Hi", setup);
  server.runner.hold();
  HttpClient client = server.client();
  client.send(post_request("/v1/completions", body(kCompletion)));
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_event(), ": keepalive");
  EXPECT_EQ(client.read_event(), ": keepalive");
  server.runner.release();
  auto event = client.read_event();
  while (event == ": keepalive") event = client.read_event();
  ASSERT_TRUE(event.has_value());
  EXPECT_NE(event->find("\"text\":\"H\""), std::string::npos);
}

TEST(Stream, AnErrorBeforeTheFirstTokenIsAStatus) {
  ScriptedServer server;
  server.runner.poison("bad logits");
  const Reply reply = server.client().post("/v1/completions", body(kCompletion));
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(parse_json(reply.body).value()["error"]["message"], "bad logits");
}

TEST(Stream, AnErrorInTheMiddleIsAnEventAndTheEnd) {
  ScriptedServer server("Hello");
  server.runner.hold();
  HttpClient client = server.client();
  client.send(post_request("/v1/completions", body(kCompletion)));
  server.runner.allow(1);
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_NE(client.read_event()->find("\"text\":\"H\""), std::string::npos);
  server.runner.poison("bad logits");
  server.runner.release();
  const auto event = client.read_event();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(data_of(*event)["error"]["code"], "sequence_failed");
  EXPECT_EQ(client.read_event(), std::nullopt);
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(server.running.wait_until_idle());
}

}  // namespace
}  // namespace quire::server::testing
