// GET /health, /ready, /version and /metrics: for those who run the server.
#include "server/core/context.h"
#include "server/http/exchange.h"
#include "server/json/json.h"
#include "server/routes/routes.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

HttpResponse status_response(unsigned status, const char* word) {
  HttpResponse response = json_response(to_text(Json{{"status", word}}));
  response.status = status;
  return response;
}

/// What is wrong with the engine thread; null if nothing.
const char* find_engine_trouble(const Context& context, const scheduler::EngineSnapshot& engine) {
  if (engine.failed) return "engine failed";
  const auto silent = std::chrono::steady_clock::now() - engine.heartbeat;
  return silent > context.config.timeouts.heartbeat ? "engine stuck" : nullptr;
}

HttpResponse health_response(const Context& context) {
  const char* trouble = find_engine_trouble(context, context.engine.snapshot());
  return trouble == nullptr ? status_response(200, "ok") : status_response(503, trouble);
}

HttpResponse ready_response(const Context& context) {
  const auto engine = context.engine.snapshot();
  const char* trouble = find_engine_trouble(context, engine);
  if (trouble == nullptr && (engine.draining || context.draining)) trouble = "draining";
  return trouble == nullptr ? status_response(200, "ready") : status_response(503, trouble);
}

HttpResponse version_response() {
  return json_response(to_text(Json{{"version", QUIRE_VERSION}}));
}

}  // namespace

asio::awaitable<void> serve_health(Exchange& exchange, Context& context) {
  const HttpResponse response = health_response(context);
  co_await exchange.send(response);
}

asio::awaitable<void> serve_ready(Exchange& exchange, Context& context) {
  const HttpResponse response = ready_response(context);
  co_await exchange.send(response);
}

asio::awaitable<void> serve_version(Exchange& exchange, Context&) {
  const HttpResponse response = version_response();
  co_await exchange.send(response);
}

asio::awaitable<void> serve_metrics(Exchange& exchange, Context& context) {
  const auto render = [&context] {
    return context.metrics.page(context.engine.snapshot(), context.steps);
  };
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = co_await run_on(context.workers, render);
  co_await exchange.send(response);
}

}  // namespace quire::server
