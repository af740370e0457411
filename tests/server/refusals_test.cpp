// What is refused, by name and with the right status; and the token routes.
#include <gtest/gtest.h>

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

TEST(Refusal, TemplateErrorsAreTheClients) {
  ScriptedServer server;
  const Reply reply = server.client().post("/v1/chat/completions",
                                           R"({"messages":[{"role":"king","content":"x"}]})");
  expect_error(reply, 400, "chat_template_error", "messages");
  EXPECT_NE(reply.body.find("unknown role king"), std::string::npos);
}

TEST(Refusal, PromptsBeyondTheContextSayTheFigures) {
  ServerSetup setup;
  setup.scheduler.max_model_tokens = 50;
  ScriptedServer server("x", setup);
  const auto post = [&](const std::string& body) {
    return server.client().post("/v1/completions", body);
  };
  const Reply full = post(R"({"prompt":")" + std::string(60, 'z') + R"("})");
  expect_error(full, 400, "context_length_exceeded", "prompt");
  EXPECT_NE(full.body.find("50 tokens, the prompt has 61"), std::string::npos) << full.body;
  expect_error(post(R"({"prompt":")" + std::string(49, 'z') + R"("})"), 400,
               "context_length_exceeded", "prompt");
  expect_error(post(R"({"prompt":"zz","max_tokens":48})"), 400, "context_length_exceeded",
               "max_tokens");
  EXPECT_EQ(post(R"({"prompt":"zz","max_tokens":47})").status, 200);
  expect_error(post(R"({"prompt":")" + std::string(5000, 'z') + R"("})"), 400,
               "context_length_exceeded", "prompt");
}

TEST(Refusal, BadPromptsAreNamed) {
  ScriptedServer server;
  const std::tuple<const char*, const char*> cases[] = {
      {R"({})", "missing_required_parameter"},
      {R"({"prompt":[]})", "invalid_type"},
      {R"({"prompt":5})", "invalid_type"},
      {R"({"prompt":["a",5]})", "invalid_type"},
      {R"({"prompt":[5,"a"]})", "invalid_value"},
      {R"({"prompt":[-1]})", "invalid_value"},
      {R"({"prompt":[1.5]})", "invalid_value"},
      {R"({"prompt":[99999]})", "invalid_value"},
      {R"({"prompt":[[]]})", "invalid_value"},
      {R"({"prompt":[[1],"a"]})", "invalid_type"},
      {R"({"prompt":{}})", "invalid_type"},
      {R"({"prompt":[null]})", "invalid_type"},
      {R"({"prompt":"","add_special_tokens":false})", "invalid_value"},
  };
  for (const auto& [body, code] : cases) {
    expect_error(server.client().post("/v1/completions", body), 400, code, "prompt");
  }
}

TEST(Refusal, UnsupportedChatFieldsAreNamed) {
  ScriptedServer server;
  const std::pair<const char*, const char*> cases[] = {
      {"response_format", R"({"type":"json_object"})"},
      {"modalities", R"(["text","audio"])"},
      {"audio", "{}"},
      {"functions", "[]"},
      {"function_call", R"("auto")"},
      {"prediction", "{}"},
      {"web_search_options", "{}"},
      {"reasoning_effort", R"("low")"},
      {"parallel_tool_calls", "false"},
  };
  for (const auto& [field, value] : cases) {
    const std::string body = chat(std::string(",\"").append(field).append("\":").append(value));
    expect_error(server.client().post("/v1/chat/completions", body), 400, "unsupported_parameter",
                 field);
  }
  EXPECT_EQ(server.client()
                .post("/v1/chat/completions",
                      chat(R"(,"response_format":{"type":"text"},"modalities":["text"])"))
                .status,
            200);
}

TEST(Refusal, UnsupportedCompletionFieldsAreNamed) {
  ScriptedServer server;
  const auto post = [&](const std::string& more) {
    return server.client().post("/v1/completions", completion(more));
  };
  expect_error(post(R"(,"suffix":"x")"), 400, "unsupported_parameter", "suffix");
  expect_error(post(R"(,"best_of":2)"), 400, "unsupported_parameter", "best_of");
  expect_error(post(R"(,"messages":[])"), 400, "unknown_parameter", "messages");
  expect_error(server.client().post("/v1/completions", R"({"prompt":["a","b"],"n":65})"), 400,
               "invalid_value", "n");
  EXPECT_EQ(post(R"(,"best_of":1,"suffix":"")").status, 200);
}

TEST(Refusal, AFullQueueSaysWhenToComeBack) {
  ServerSetup setup;
  setup.scheduler.max_queued = 1;
  setup.scheduler.max_sequences = 1;
  ScriptedServer server(std::string(500, 'x'), setup);
  server.runner.hold();
  HttpClient running = server.client();
  running.send(post_request("/v1/completions", completion(R"(,"max_tokens":100)")));
  server.runner.wait_until_waiting();
  HttpClient queued = server.client();
  Reply refused;
  // The second waits; which request is the first to be refused depends on when the queue is seen.
  for (int i = 0; i < 3 && refused.status != 429; ++i) {
    HttpClient another = server.client();
    another.send(post_request("/v1/completions", completion(R"(,"n":2)")));
    refused = another.read_reply();
  }
  expect_error(refused, 429, "rate_limit_exceeded", "");
  EXPECT_GE(std::stoi(refused.header("retry-after")), 1);
  server.runner.release();
  EXPECT_EQ(running.read_reply().status, 200);
}

TEST(Refusal, AFailedSequenceIsAServerError) {
  ScriptedServer server;
  server.runner.poison("logits are not finite");
  const Reply reply = server.client().post("/v1/completions", completion(""));
  expect_error(reply, 500, "sequence_failed", "");
  EXPECT_TRUE(server.running.wait_until_idle());
  server.runner.poison("");
  EXPECT_EQ(server.client().post("/v1/completions", completion("")).status, 200);
}

TEST(TokenRoutes, TokenizeAndDetokenizeAreInverse) {
  ScriptedServer server;
  const Json tokens = json_of(server.client().post(
      "/tokenize", R"({"prompt":"the cat","return_token_strs":true,"model":"tiny"})"));
  EXPECT_EQ(tokens["count"], tokens["tokens"].size());
  EXPECT_EQ(tokens["max_model_len"], 1024);
  EXPECT_EQ(tokens["tokens"][0], 0);
  EXPECT_EQ(tokens["token_strs"][0], "<s>");
  const Json text =
      json_of(server.client().post("/detokenize", Json{{"tokens", tokens["tokens"]}}.dump()));
  EXPECT_EQ(text["prompt"], "<s>the cat");
  const Json bare = json_of(
      server.client().post("/tokenize", R"({"prompt":"the cat","add_special_tokens":false})"));
  EXPECT_EQ(bare["count"].get<int>() + 1, tokens["count"].get<int>());
}

TEST(TokenRoutes, TokenizeRendersMessages) {
  ScriptedServer server;
  const Json tokens = json_of(server.client().post("/tokenize", chat("")));
  EXPECT_EQ(tokens["count"], 6);
  expect_error(server.client().post("/tokenize", "{}"), 400, "missing_required_parameter",
               "messages");
  expect_error(server.client().post("/tokenize", R"({"prompt":"x","n":1})"), 400,
               "unknown_parameter", "n");
  expect_error(server.client().post("/detokenize", R"({"tokens":[1e9]})"), 400, "invalid_value",
               "tokens");
}

}  // namespace
}  // namespace quire::server::testing
