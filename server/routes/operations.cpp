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

HttpResponse version_response() {
  return json_response(to_text(Json{{"version", QUIRE_VERSION}}));
}

/// What is wrong with the engine thread; null if nothing.
const char* find_engine_trouble(const Context& context, const scheduler::EngineSnapshot& engine) {
  if (engine.failed) return "engine failed";
  const auto silent = std::chrono::steady_clock::now() - engine.heartbeat;
  return silent > context.config.timeouts.heartbeat ? "engine stuck" : nullptr;
}

}  // namespace

asio::awaitable<void> serve_health(Exchange& exchange, Context& context) {
  const char* trouble = find_engine_trouble(context, context.engine.snapshot());
  co_await exchange.send(trouble == nullptr ? status_response(200, "ok")
                                            : status_response(503, trouble));
}

asio::awaitable<void> serve_ready(Exchange& exchange, Context& context) {
  const auto engine = context.engine.snapshot();
  const char* trouble = find_engine_trouble(context, engine);
  if (trouble == nullptr && (engine.draining || context.draining)) trouble = "draining";
  co_await exchange.send(trouble == nullptr ? status_response(200, "ready")
                                            : status_response(503, trouble));
}

asio::awaitable<void> serve_version(Exchange& exchange, Context&) {
  co_await exchange.send(version_response());
}

asio::awaitable<void> serve_metrics(Exchange& exchange, Context& context) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = co_await run_on(context.workers, [&context] {
    return context.metrics.page(context.engine.snapshot(), context.steps);
  });
  co_await exchange.send(std::move(response));
}

}  // namespace quire::server
