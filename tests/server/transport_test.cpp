// HTTP as such: keep-alive, pipelining, limits, malformed input, keys, CORS, drain.
#include <gtest/gtest.h>

#include "server/json/json.h"
#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

std::string code_of(const Reply& reply) {
  const auto parsed = parse_json(reply.body);
  if (!parsed.ok() || !parsed.value().contains("error")) return "no error: " + reply.body;
  const Json& code = parsed.value()["error"]["code"];
  return code.is_string() ? code.get<std::string>() : "null";
}

const std::string kCompletion = R"({"prompt":"abc","max_tokens":3})";

TEST(Connection, ServesManyRequests) {
  ScriptedServer server;
  HttpClient client = server.client();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.get("/version").body, R"({"version":"0.1.0"})");
    EXPECT_EQ(client.post("/v1/completions", kCompletion).status, 200);
  }
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
  ScriptedServer server("Hi");
  HttpClient client = server.client();
  std::string all;
  for (int i = 0; i < 10; ++i) {
    all += post_request("/v1/completions", kCompletion,
                        "x-request-id: r" + std::to_string(i) + "\r\n");
    all += "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.send(all);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.read_reply().header("x-request-id"), "r" + std::to_string(i));
    EXPECT_EQ(client.read_reply().body, R"({"version":"0.1.0"})");
  }
}

TEST(Connection, KeepsWhatIsSentWhileAnAnswerIsStreamed) {
  ScriptedServer server("Hello");
  server.runner.hold();
  HttpClient client = server.client();
  client.send(post_request("/v1/completions", R"({"prompt":"abc","stream":true})"));
  server.runner.allow(1);
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_TRUE(client.read_event().has_value());
  const std::string next = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(next.substr(0, 11));
  server.runner.allow(1);
  EXPECT_TRUE(client.read_event().has_value());
  client.send(next.substr(11));
  server.runner.release();
  while (client.read_event()) {
  }
  EXPECT_EQ(client.read_reply().body, R"({"version":"0.1.0"})");
}

TEST(Connection, TakesRequestsByteByByte) {
  ScriptedServer server("Hi");
  HttpClient client = server.client();
  for (const char byte : post_request("/v1/completions", kCompletion)) {
    client.send(std::string_view(&byte, 1));
  }
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Connection, TakesChunkedBodies) {
  ScriptedServer server("Hi");
  HttpClient client = server.client();
  client.send(
      "POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n{\"prompt\r\n10;ext=1\r\n\":\"abc\",\"n\":1   \r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.get("/version").status, 200);
}

TEST(Connection, SaysContinueWhenAsked) {
  ScriptedServer server("Hi");
  HttpClient client = server.client();
  const std::string request =
      post_request("/v1/completions", kCompletion, "Expect: 100-continue\r\n");
  const std::size_t head = request.find("\r\n\r\n") + 4;
  client.send(request.substr(0, head));
  EXPECT_EQ(client.read_head().status, 100);
  client.send(request.substr(head));
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Connection, ClosesWhenToldAndForHttp10) {
  ScriptedServer server("Hi");
  HttpClient closing = server.client();
  const Reply reply = closing.get("/version", "Connection: close\r\n");
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(closing.at_end());
  HttpClient old = server.client();
  old.send("GET /version HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_reply().status, 200);
  EXPECT_TRUE(old.at_end());
}

TEST(Connection, StreamsToHttp10WithoutChunks) {
  ScriptedServer server("Hi");
  HttpClient old = server.client();
  const std::string body = R"({"prompt":"abc","stream":true})";
  old.send("POST /v1/completions HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body);
  const std::string all = old.read_to_end();
  EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(all.ends_with("data: [DONE]\n\n")) << all;
}

TEST(Limits, ABodyThatIsTooLongIs413) {
  ServerSetup setup;
  setup.server.limits.body_bytes = 1000;
  ScriptedServer server("Hi", setup);
  const Reply declared = server.client().post("/v1/completions", std::string(1001, ' '));
  EXPECT_EQ(declared.status, 413);
  EXPECT_EQ(code_of(declared), "body_too_large");
  HttpClient chunked = server.client();
  chunked.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send("64\r\n" + std::string(100, ' ') + "\r\n");
  EXPECT_EQ(chunked.read_reply().status, 413);
}

TEST(Limits, BodiesInFlightAreBounded) {
  ServerSetup setup;
  setup.server.limits.body_bytes_in_flight = 1000;
  ScriptedServer server("Hi", setup);
  HttpClient first = server.client();
  const std::string long_body = kCompletion + std::string(700 - kCompletion.size(), ' ');
  const std::string request =
      post_request("/v1/completions", long_body, "Expect: 100-continue\r\n");
  const std::size_t head = request.find("\r\n\r\n") + 4;
  first.send(request.substr(0, head));
  EXPECT_EQ(first.read_head().status, 100);  // its 700 bytes are reserved
  const Reply refused = server.client().post("/v1/completions", long_body);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  first.send(request.substr(head));
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_EQ(server.client().post("/v1/completions", long_body).status, 200);
}

TEST(Limits, HeadersThatAreTooLongAre431) {
  ScriptedServer server;
  const Reply reply = server.client().get("/version", "X: " + std::string(40'000, 'a') + "\r\n");
  EXPECT_EQ(reply.status, 431);
  EXPECT_EQ(code_of(reply), "headers_too_large");
  HttpClient endless = server.client();
  endless.send("GET /" + std::string(200'000, 'a'));
  EXPECT_EQ(endless.read_reply().status, 431);
}

TEST(Limits, ConnectionsBeyondTheLimitAreTurnedAway) {
  ServerSetup setup;
  setup.server.limits.connections = 2;
  ScriptedServer server("Hi", setup);
  HttpClient first = server.client();
  HttpClient second = server.client();
  EXPECT_EQ(first.get("/version").status, 200);
  EXPECT_EQ(second.get("/version").status, 200);
  HttpClient third = server.client();
  const Reply reply = third.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_TRUE(third.at_end());
  EXPECT_EQ(first.get("/version").status, 200);
}

TEST(Limits, AnIdleConnectionIsClosed) {
  ServerSetup setup;
  setup.server.timeouts.idle = std::chrono::milliseconds(30);
  ScriptedServer server("Hi", setup);
  HttpClient silent = server.client();
  EXPECT_TRUE(silent.at_end());
  HttpClient half = server.client();
  half.send("GET /version HTT");
  EXPECT_TRUE(half.at_end());
}

TEST(Malformed, RequestsAreRefusedAndTheServerLives) {
  ScriptedServer server;
  const std::string bad[] = {
      "\r\n\r\nGARBAGE\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET /version HTTP/1.1\r\nBad Header\r\n\r\n",
      "GET /version HTTP/1.1\r\n: empty\r\n\r\n",
      "GET /version HTTP/1.1\r\nX: a\x01z\r\n\r\n",
      "POST /v1/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST /v1/completions HTTP/1.1\r\nContent-Length: 12abc\r\n\r\n",
      "POST /v1/completions HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      "POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET http://x/version HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01", 6) + "TLS hello\r\n\r\n",
      std::string(100, '\0') + "\r\n\r\n",
  };
  for (const std::string& text : bad) {
    HttpClient client = server.client();
    client.send(text);
    const Reply reply = client.read_reply();
    EXPECT_TRUE(reply.status == 400 || reply.status == 413 || reply.status == 431)
        << reply.status << " for " << text;
    EXPECT_TRUE(client.at_end()) << text;
  }
  EXPECT_EQ(server.client().get("/health").status, 200);
}

TEST(Malformed, BodiesAreRefusedByName) {
  ScriptedServer server;
  const std::pair<std::string, std::string> cases[] = {
      {"", "invalid_json"},
      {"{", "invalid_json"},
      {"{\"prompt\":\"\xff\"}", "invalid_json"},
      {R"({"prompt":"a","temperature":NaN})", "invalid_json"},
      {R"({"prompt":"a","temperature":1e999})", "invalid_json"},
      {R"({"prompt":"a","prompt":"b"})", "invalid_json"},
      {std::string(500, '[') + std::string(500, ']'), "invalid_json"},
      {"[]", "invalid_type"},
      {"null", "invalid_type"},
      {R"({"prompt":"a","temprature":1})", "unknown_parameter"},
      {R"({"prompt":"a","temperature":"hot"})", "invalid_type"},
      {R"({"prompt":"a","temperature":-1})", "invalid_value"},
      {R"({"prompt":"a","model":"other"})", "model_not_found"},
  };
  for (const auto& [body, code] : cases) {
    const Reply reply = server.client().post("/v1/completions", body);
    EXPECT_EQ(reply.status, code == "model_not_found" ? 404 : 400) << body;
    EXPECT_EQ(code_of(reply), code) << body;
  }
}

TEST(Malformed, ClientsThatLeaveInTheMiddleAreForgotten) {
  ScriptedServer server;
  const std::string request = post_request("/v1/completions", kCompletion);
  for (std::size_t cut = 0; cut < request.size(); cut += 7) {
    HttpClient client = server.client();
    client.send(request.substr(0, cut));
    if (cut % 2 == 0) client.reset();
  }
  EXPECT_EQ(server.client().post("/v1/completions", kCompletion).status, 200);
  EXPECT_TRUE(server.running.wait_until_idle());
}

TEST(Routes, UnknownPathsAndMethodsSayWhatWouldWork) {
  ScriptedServer server;
  const Reply unknown = server.client().get("/v1/unknown");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(code_of(unknown), "unknown_url");
  const Reply method = server.client().get("/v1/chat/completions");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("allow"), "OPTIONS, POST");
  EXPECT_EQ(code_of(method), "method_not_supported");
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
  EXPECT_EQ(code_of(server.client().get("/v1/models/none")), "model_not_found");
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
    EXPECT_EQ(code_of(reply), "invalid_api_key") << path;
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
  EXPECT_EQ(code_of(refused), "draining");
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
  EXPECT_EQ(code_of(reply), "cancelled");
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
