#include "server/http/session.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>

#include "server/core/context.h"
#include "server/http/auth.h"
#include "server/http/cors.h"
#include "server/http/exchange.h"
#include "server/http/request_id.h"
#include "server/json/json.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

/// Counts one answer for as long as it lives.
class AnswerCount {
 public:
  explicit AnswerCount(SessionRegistry& registry) : registry_(registry) {
    registry_.answer_begins();
  }
  ~AnswerCount() { registry_.answer_ends(); }
  AnswerCount(const AnswerCount&) = delete;
  AnswerCount& operator=(const AnswerCount&) = delete;

 private:
  SessionRegistry& registry_;
};

/// Connected for as long as it lives.
class Membership {
 public:
  Membership(SessionRegistry& registry, std::shared_ptr<Connection> connection)
      : registry_(registry), connection_(std::move(connection)) {
    registry_.enter(connection_);
  }
  ~Membership() {
    connection_->abort();
    registry_.leave(connection_.get());
  }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

 private:
  SessionRegistry& registry_;
  std::shared_ptr<Connection> connection_;
};

/// What the session itself answers, without a handler; nothing if a handler should.
std::optional<HttpResponse> answer_without_handler(const HttpRequest& request,
                                                   const RouteMatch& match,
                                                   const Context& context) {
  if (request.method == "OPTIONS") {
    HttpResponse response{.status = 204, .body = {}, .content_type = {}, .headers = {}};
    const std::string all = "OPTIONS, GET, HEAD, POST";
    response.headers.emplace_back("Allow", match.allowed.empty() ? all : match.allowed);
    return response;
  }
  const bool open = match.route != nullptr && match.route->open;
  const auto& keys = context.config.api_keys;
  if (!keys.empty() && !open && !is_one_of_keys(presented_key(request), keys)) {
    return error_response({ErrorKind::unauthorized,
                           "a valid API key is needed: Authorization: Bearer <key> or x-api-key",
                           "",
                           {}});
  }
  if (match.route != nullptr) return std::nullopt;
  if (match.allowed.empty()) {
    return error_response({ErrorKind::unknown_url, "unknown URL: " + request.path, "", {}});
  }
  HttpResponse response = error_response(
      {ErrorKind::method_not_allowed, "use " + match.allowed + " with " + request.path, "", {}});
  response.headers.emplace_back("Allow", match.allowed);
  return response;
}

HttpResponse no_room() {
  return error_response(
      {ErrorKind::overloaded, "too many open connections", "", std::chrono::seconds(1)});
}

HttpResponse internal_error() {
  return error_response({ErrorKind::internal, "internal error", "", {}});
}

asio::awaitable<void> run_handler(Exchange& exchange, Context& context, Handler handler) {
  std::string thrown;
  try {
    co_await handler(exchange, context);
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  if (thrown.empty()) co_return;
  spdlog::error("request {}: {}", exchange.id(), thrown);
  exchange.close_after();
  if (exchange.started()) co_return;
  const HttpResponse response = internal_error();
  co_await exchange.send(response);
}

void log_answer(Exchange& exchange) {
  constexpr std::size_t kLoggedBytes = 200;
  const auto spent = std::chrono::steady_clock::now() - exchange.arrived();
  // As JSON text a path can neither break the line nor steer a terminal.
  const std::string path = to_text(Json(exchange.request().path.substr(0, kLoggedBytes)));
  spdlog::info("{} {} -> {} in {:.1f} ms, request {}{}", exchange.request().method, path,
               exchange.status(), std::chrono::duration<double, std::milli>(spent).count(),
               exchange.id(), exchange.connection().hung_up() ? ", the client left" : "");
}

/// One request and its answer. False: the connection ends.
asio::awaitable<bool> serve_one(const std::shared_ptr<Connection>& connection, Context& context,
                                std::span<const Route> routes, SessionRegistry& registry) {
  HttpRequest request;
  auto failure = co_await connection->read_head(request);
  const AnswerCount counted(registry);
  const std::string id = request_id_for(request.header("x-request-id"));
  Exchange::Options options{.id = id,
                            .headers = cors_headers(request, context.config.cors_origins),
                            .close = context.draining.load(),
                            .rest = {}};
  options.headers.emplace_back("x-request-id", id);
  RouteMatch match;
  std::optional<HttpResponse> early;
  if (!failure) {
    match = find_route(routes, request.method, request.path);
    options.rest = std::string(match.rest);
    early = answer_without_handler(request, match, context);
    if (!early || connection->body_is_small()) failure = co_await connection->read_body(request);
  }
  if (failure && !failure->refusal) co_return false;
  if (failure) {
    options.close = true;
    early = error_response(*failure->refusal);
  }
  Exchange exchange(connection, std::move(request), std::move(options));
  if (early) {
    co_await exchange.send(*early);
  } else {
    co_await run_handler(exchange, context, match.route->handler);
  }
  connection->release_body();
  log_answer(exchange);
  co_return exchange.reusable() && !connection->hung_up();
}

}  // namespace

void SessionRegistry::enter(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  connections_.emplace(connection.get(), connection);
}

void SessionRegistry::leave(const Connection* connection) {
  {
    const std::lock_guard lock(mutex_);
    connections_.erase(connection);
  }
  changed_();
}

void SessionRegistry::answer_begins() {
  const std::lock_guard lock(mutex_);
  ++answers_;
}

void SessionRegistry::answer_ends() {
  {
    const std::lock_guard lock(mutex_);
    --answers_;
  }
  changed_();
}

std::size_t SessionRegistry::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::size_t SessionRegistry::answers() const {
  const std::lock_guard lock(mutex_);
  return answers_;
}

void SessionRegistry::abort_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, weak] : connections_) {
    if (const auto connection = weak.lock()) {
      asio::post(connection->executor(), [connection] { connection->abort(); });
    }
  }
}

asio::awaitable<void> run_session(std::shared_ptr<Connection> connection, Context& context,
                                  std::span<const Route> routes, SessionRegistry& registry) {
  const Membership member(registry, connection);
  bool more = true;
  while (more) more = co_await serve_one(connection, context, routes, registry);
  if (!connection->hung_up()) co_await connection->close_gently();
}

asio::awaitable<void> turn_away(std::shared_ptr<Connection> connection) {
  const HttpResponse response = no_room();
  Exchange exchange(connection, HttpRequest{}, Exchange::Options{});
  exchange.close_after();
  co_await exchange.send(response);
  co_await connection->close_gently();
}

}  // namespace quire::server
