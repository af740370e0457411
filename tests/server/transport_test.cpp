// HTTP as such: keep-alive, pipelining, limits, malformed input.
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

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
  EXPECT_EQ(error_code(declared), "body_too_large");
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
  EXPECT_EQ(error_code(reply), "headers_too_large");
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
    EXPECT_EQ(error_code(reply), code) << body;
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

}  // namespace
}  // namespace quire::server::testing
