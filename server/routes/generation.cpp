// POST /v1/chat/completions and /v1/completions.
#include <spdlog/spdlog.h>

#include "server/openai/answering.h"
#include "server/routes/routes.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

using Translate = engine::Result<GenerationRequest, ApiError> (*)(const Json&, const engine::Model&,
                                                                  const ServerConfig&);

asio::awaitable<void> serve_generation(Exchange& exchange, Context& context, Translate translate) {
  const std::string body = exchange.take_body();
  const auto read = [&]() -> engine::Result<GenerationRequest, ApiError> {
    const auto json = parse_json(body);
    if (!json) return json.error();
    return translate(json.value(), context.model, context.config);
  };
  auto request = co_await run_on(context.workers, read);
  exchange.release_body();
  if (!request) {
    const HttpResponse response = error_response(request.error());
    co_await exchange.send(response);
    co_return;
  }
  Answering answering(exchange, context, std::move(request).value());
  co_await answering.run();
  spdlog::info("request {}: {}", exchange.id(), answering.summary());
}

}  // namespace

asio::awaitable<void> serve_chat_completions(Exchange& exchange, Context& context) {
  return serve_generation(exchange, context, translate_chat);
}

asio::awaitable<void> serve_completions(Exchange& exchange, Context& context) {
  return serve_generation(exchange, context, translate_completion);
}

}  // namespace quire::server
