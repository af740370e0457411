// POST /tokenize and /detokenize.
#include "server/core/context.h"
#include "server/http/exchange.h"
#include "server/openai/token_requests.h"
#include "server/routes/routes.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

using Answer = engine::Result<std::string, ApiError> (*)(std::string_view, const engine::Model&,
                                                         const ServerConfig&);

asio::awaitable<void> serve_on_worker(Exchange& exchange, Context& context, Answer answer) {
  const std::string body = exchange.take_body();
  const auto work = [&] { return answer(body, context.model, context.config); };
  const auto result = co_await run_on(context.workers, work);
  exchange.release_body();
  const HttpResponse response =
      result.ok() ? json_response(result.value()) : error_response(result.error());
  co_await exchange.send(response);
}

}  // namespace

asio::awaitable<void> serve_tokenize(Exchange& exchange, Context& context) {
  return serve_on_worker(exchange, context, answer_tokenize);
}

asio::awaitable<void> serve_detokenize(Exchange& exchange, Context& context) {
  return serve_on_worker(exchange, context, answer_detokenize);
}

}  // namespace quire::server
