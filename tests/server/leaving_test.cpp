// Clients that hang up or read slowly: only they are harmed, and nothing of theirs runs on.
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"

namespace quire::server::testing {
namespace {

constexpr const char* kCompletion = R"({"prompt":"abc","stream":true)";

std::string body(const char* begin, const std::string& more = "") {
  return std::string(begin).append(more).append("}");
}

std::vector<std::string> all_events(HttpClient& client) {
  std::vector<std::string> events;
  while (auto event = client.read_event()) events.push_back(std::move(*event));
  return events;
}

/// The value of a counter or gauge on /metrics.
double metric(ScriptedServer& server, const std::string& prefix) {
  const std::string page = server.client().get("/metrics").body;
  const std::size_t at = page.find("\n" + prefix);
  if (at == std::string::npos) return -1;
  return std::stod(page.substr(page.find("} ", at) + 2));
}

bool wait_for_metric(ScriptedServer& server, const std::string& prefix, double value) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    if (metric(server, prefix) >= value) return true;
  }
  return false;
}

const std::string kAborts =
    R"(vllm:request_success_total{engine="0",finished_reason="abort",model_name="tiny"})";

enum class Leaving : std::uint8_t { close, reset, half_close };

class Disconnect : public ::testing::TestWithParam<Leaving> {
 protected:
  void leave(HttpClient& client) const {
    if (GetParam() == Leaving::close) client.close();
    if (GetParam() == Leaving::reset) client.reset();
    if (GetParam() == Leaving::half_close) client.shut_down_sending();
  }
};

TEST_P(Disconnect, AtEveryChunkFreesTheSequence) {
  constexpr int kTokens = 900;  // far more than are ever computed
  for (int chunks = 0; chunks < 6; ++chunks) {
    ScriptedServer server(std::string(kTokens, 'x'));
    server.runner.hold();
    HttpClient client = server.client();
    client.send(post_request("/v1/completions", body(kCompletion, R"(,"max_tokens":900)")));
    server.runner.allow(chunks);
    if (chunks > 0) {
      EXPECT_EQ(client.read_head().status, 200);
    }
    for (int i = 0; i < chunks; ++i) EXPECT_TRUE(client.read_event().has_value());
    server.runner.wait_until_waiting();
    leave(client);
    EXPECT_LT(server.steps_until_idle(), kTokens / 2) << "after " << chunks << " chunks";
    server.runner.release();
    EXPECT_TRUE(wait_for_metric(server, kAborts, 1));
    EXPECT_TRUE(server.running.wait_until_idle());
    EXPECT_EQ(server.client().get("/health").status, 200);
  }
}

TEST_P(Disconnect, OfAWaitingClientCancelsToo) {
  ScriptedServer server(std::string(900, 'x'));
  server.runner.hold();
  HttpClient client = server.client();
  client.send(post_request("/v1/completions", R"({"prompt":"abc","max_tokens":900,"n":2})"));
  server.runner.wait_until_waiting();
  leave(client);
  EXPECT_LT(server.steps_until_idle(), 450);
  server.runner.release();
  EXPECT_TRUE(wait_for_metric(server, kAborts, 2));
}

TEST_P(Disconnect, OfOneClientLeavesTheOthersAlone) {
  ScriptedServer server("abcdef");
  server.runner.hold();
  HttpClient leaving = server.client();
  HttpClient staying = server.client();
  leaving.send(post_request("/v1/completions", body(kCompletion)));
  staying.send(post_request("/v1/completions", body(kCompletion)));
  server.runner.allow(2);
  leave(leaving);
  server.runner.release();
  EXPECT_EQ(staying.read_head().status, 200);
  EXPECT_EQ(all_events(staying).size(), 8U);
}

std::string name_of(const ::testing::TestParamInfo<Leaving>& way) {
  constexpr const char* kNames[] = {"Close", "Reset", "HalfClose"};
  return kNames[static_cast<std::size_t>(way.param)];
}

INSTANTIATE_TEST_SUITE_P(Ways, Disconnect,
                         ::testing::Values(Leaving::close, Leaving::reset, Leaving::half_close),
                         name_of);

TEST(SlowReader, IsCutOffWhenItsBacklogIsFull) {
  ServerSetup setup;
  setup.server.limits.socket_send_bytes = 4096;
  setup.server.limits.stream_backlog_tokens = 50;
  setup.scheduler.max_model_tokens = 4000;
  ScriptedServer server(std::string(3000, 'x'), setup);
  server.runner.hold();
  HttpClient client(server.running.port(), 2048);
  client.send(post_request("/v1/completions", body(kCompletion, R"(,"max_tokens":3000)")));
  server.runner.wait_until_waiting();
  EXPECT_LT(server.steps_until_idle(), 2900);
  server.runner.release();
  EXPECT_TRUE(wait_for_metric(server, kAborts, 1));
  const std::string got = client.read_to_end();
  EXPECT_EQ(got.find("[DONE]"), std::string::npos);
}

TEST(SlowReader, GetsEverythingWhenItCatchesUp) {
  ServerSetup setup;
  setup.server.limits.socket_send_bytes = 4096;
  ScriptedServer server(std::string(600, 'x'), setup);
  HttpClient client(server.running.port(), 2048);
  client.send(post_request("/v1/completions", body(kCompletion, R"(,"max_tokens":600)")));
  EXPECT_TRUE(server.running.wait_for([](const auto& engine) { return engine.steps >= 600; }));
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(all_events(client).size(), 602U);
}

TEST(SlowReader, IsDroppedWhenAWriteMakesNoWay) {
  ServerSetup setup;
  setup.server.limits.socket_send_bytes = 4096;
  setup.server.timeouts.write = std::chrono::milliseconds(50);
  setup.scheduler.max_model_tokens = 4000;
  ScriptedServer server(std::string(3000, 'x'), setup);
  HttpClient client(server.running.port(), 2048);
  client.send(post_request("/v1/completions", body(kCompletion, R"(,"max_tokens":3000)")));
  EXPECT_TRUE(server.running.wait_for([](const auto& engine) { return engine.steps >= 3000; }));
  // Nobody reads: a drain ends when the server has given the client up.
  server.running.server().request_drain();
  server.running.server().wait();
  const std::string got = client.read_to_end();
  EXPECT_EQ(got.find("[DONE]"), std::string::npos);
}

}  // namespace
}  // namespace quire::server::testing
