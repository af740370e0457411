// What surrounds the API: routes, keys, CORS, request ids, health, drain, start.
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

const std::string kCompletion = R"({"prompt":"abc","max_tokens":3})";

TEST(Routes, UnknownPathsAndMethodsSayWhatWouldWork) {
  ScriptedServer server;
  const Reply unknown = server.client().get("/v1/unknown");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(error_code(unknown), "unknown_url");
  const Reply method = server.client().get("/v1/chat/completions");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("allow"), "OPTIONS, POST");
  EXPECT_EQ(error_code(method), "method_not_supported");
  HttpClient client = server.client();
  client.send("OPTIONS /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
  const Reply options = client.read_reply();
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "OPTIONS, GET, HEAD");
}

TEST(Routes, HeadGivesTheHeadersOfGet) {
  ScriptedServer server;
  HttpClient client = server.client();
  client.send("HEAD /version HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_reply(true).header("content-length"), "19");
  EXPECT_EQ(client.get("/version").body.size(), 19U);
}

TEST(Routes, ModelsListsTheServedNames) {
  ServerSetup setup;
  setup.server.model_names = {"org/tiny", "alias"};
  ScriptedServer server("Hi", setup);
  const Json list = parse_json(server.client().get("/v1/models").body).value();
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 2U);
  EXPECT_EQ(list["data"][1]["id"], "alias");
  EXPECT_EQ(list["data"][1]["root"], "org/tiny");
  EXPECT_EQ(list["data"][0]["max_model_len"], 1024);
  for (const char* path : {"/v1/models/org/tiny", "/v1/models/org%2Ftiny", "/v1/models/alias"}) {
    EXPECT_EQ(server.client().get(path).status, 200) << path;
  }
  EXPECT_EQ(error_code(server.client().get("/v1/models/none")), "model_not_found");
  const Reply chat = server.client().post("/v1/completions", R"({"prompt":"a","model":"alias"})");
  EXPECT_EQ(parse_json(chat.body).value()["model"], "org/tiny");
}

TEST(Keys, GuardEverythingButHealth) {
  ServerSetup setup;
  setup.server.api_keys = {"k1", "k2"};
  ScriptedServer server("Hi", setup);
  for (const char* path : {"/v1/models", "/version", "/metrics", "/unknown", "/v1/completions"}) {
    const Reply reply = server.client().get(path);
    EXPECT_EQ(reply.status, 401) << path;
    EXPECT_EQ(error_code(reply), "invalid_api_key") << path;
  }
  EXPECT_EQ(server.client().post("/v1/completions", kCompletion).status, 401);
  EXPECT_EQ(server.client().get("/version", "Authorization: Bearer k3\r\n").status, 401);
  EXPECT_EQ(server.client().get("/health").status, 200);
  EXPECT_EQ(server.client().get("/ready").status, 200);
  EXPECT_EQ(server.client().get("/version", "Authorization: Bearer k2\r\n").status, 200);
  EXPECT_EQ(server.client().post("/v1/completions", kCompletion, "x-api-key: k1\r\n").status, 200);
}

TEST(Keys, ABigBodyWithoutAKeyIsNotRead) {
  ServerSetup setup;
  setup.server.api_keys = {"k"};
  ScriptedServer server("Hi", setup);
  HttpClient client = server.client();
  client.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n");
  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST(CorsAnswers, CarryTheHeadersEvenWhenRefused) {
  ServerSetup setup;
  setup.server.cors_origins = {"http://page"};
  setup.server.api_keys = {"k"};
  ScriptedServer server("Hi", setup);
  const Reply refused = server.client().get("/version", "Origin: http://page\r\n");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("access-control-allow-origin"), "http://page");
  HttpClient client = server.client();
  client.send(
      "OPTIONS /v1/completions HTTP/1.1\r\nHost: x\r\nOrigin: http://page\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n");
  const Reply preflight = client.read_reply();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "GET, HEAD, POST, OPTIONS");
}

TEST(RequestIds, AreEchoedOrMade) {
  ScriptedServer server;
  EXPECT_EQ(server.client().get("/version", "X-Request-Id: abc\r\n").header("x-request-id"), "abc");
  EXPECT_EQ(server.client().get("/version").header("x-request-id").size(), 32U);
}

TEST(Health, FailsWhenTheEngineIsSilent) {
  ServerSetup setup;
  setup.server.timeouts.heartbeat = std::chrono::milliseconds(200);
  ScriptedServer server("Hi", setup);
  EXPECT_EQ(server.client().get("/health").body, R"({"status":"ok"})");
  server.runner.hold();
  HttpClient stuck = server.client();
  stuck.send(post_request("/v1/completions", kCompletion));
  server.runner.wait_until_waiting();
  Reply health = server.client().get("/health");
  while (health.status == 200) health = server.client().get("/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(health.body, R"({"status":"engine stuck"})");
  server.runner.release();
  EXPECT_EQ(stuck.read_reply().status, 200);
  EXPECT_EQ(server.client().get("/health").status, 200);
}

TEST(Health, FailsWhenTheEngineHas) {
  ScriptedServer server;
  server.runner.break_down();
  const Reply first = server.client().post("/v1/completions", kCompletion);
  expect_error(first, 500, "sequence_failed", "");
  expect_error(server.client().post("/v1/completions", kCompletion), 503, "engine_failed", "");
  EXPECT_EQ(server.client().get("/health").body, R"({"status":"engine failed"})");
  EXPECT_EQ(server.client().get("/ready").status, 503);
}

TEST(Drain, FinishesWhatRunsAndRefusesWhatIsNew) {
  ScriptedServer server("Hello");
  server.runner.hold();
  HttpClient running = server.client();
  HttpClient kept = server.client();
  EXPECT_EQ(kept.get("/ready").status, 200);
  running.send(post_request("/v1/completions", R"({"prompt":"abc","stream":true})"));
  server.runner.allow(1);
  EXPECT_EQ(running.read_head().status, 200);
  EXPECT_TRUE(running.read_event().has_value());
  server.running.server().request_drain();
  EXPECT_TRUE(server.running.wait_for([](const auto& engine) { return engine.draining; }));
  const Reply refused = kept.post("/v1/completions", kCompletion);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(error_code(refused), "draining");
  EXPECT_GE(std::stoi(refused.header("retry-after")), 1);
  EXPECT_EQ(refused.header("connection"), "close");
  server.runner.release();
  std::string last;
  while (auto event = running.read_event()) last = *event;
  EXPECT_EQ(last, "data: [DONE]");
  server.running.server().wait();
  EXPECT_TRUE(running.at_end());
  EXPECT_THROW(HttpClient(server.running.port()), std::runtime_error);
}

TEST(Drain, CancelsAtItsDeadline) {
  ServerSetup setup;
  setup.server.timeouts.drain = std::chrono::milliseconds(1);
  ScriptedServer server(std::string(900, 'x'), setup);
  server.runner.hold();
  HttpClient waiting = server.client();
  HttpClient streaming = server.client();
  waiting.send(post_request("/v1/completions", R"({"prompt":"a","max_tokens":900})"));
  streaming.send(
      post_request("/v1/completions", R"({"prompt":"a","max_tokens":900,"stream":true})"));
  server.runner.allow(2);
  EXPECT_EQ(streaming.read_head().status, 200);
  server.running.server().request_drain();
  EXPECT_LT(server.steps_until_idle(), 900);
  const Reply reply = waiting.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(error_code(reply), "cancelled");
  std::string last;
  while (auto event = streaming.read_event()) last = *event;
  EXPECT_NE(last.find("cancelled"), std::string::npos) << last;
  server.running.server().wait();
}

TEST(Drain, OfAnIdleServerEndsAtOnceAndTwiceIsOnce) {
  ScriptedServer server;
  HttpClient idle = server.client();
  EXPECT_EQ(idle.get("/version").status, 200);
  server.running.server().request_drain();
  server.running.server().request_drain();
  server.running.server().wait();
  EXPECT_TRUE(idle.at_end());
}

TEST(Start, FailsWithTheAddressAndTheReason) {
  ScriptedServer server;
  ServerSetup setup;
  setup.server.port = server.running.port();
  try {
    const ScriptedServer second("Hi", setup);
    FAIL() << "the port is taken";
  } catch (const ServerError& error) {
    EXPECT_NE(std::string(error.what()).find("Address already in use"), std::string::npos);
  }
}

}  // namespace
}  // namespace quire::server::testing
