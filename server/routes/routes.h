// All endpoints: one handler each, and the table that the router reads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>

#include "server/http/router.h"

namespace quire::server {

std::span<const Route> all_routes();

// generation.cpp
boost::asio::awaitable<void> serve_chat_completions(Exchange& exchange, Context& context);
boost::asio::awaitable<void> serve_completions(Exchange& exchange, Context& context);
// tokens.cpp
boost::asio::awaitable<void> serve_tokenize(Exchange& exchange, Context& context);
boost::asio::awaitable<void> serve_detokenize(Exchange& exchange, Context& context);
// models.cpp
boost::asio::awaitable<void> serve_models(Exchange& exchange, Context& context);
boost::asio::awaitable<void> serve_model(Exchange& exchange, Context& context);
// operations.cpp
boost::asio::awaitable<void> serve_health(Exchange& exchange, Context& context);
boost::asio::awaitable<void> serve_ready(Exchange& exchange, Context& context);
boost::asio::awaitable<void> serve_version(Exchange& exchange, Context& context);
boost::asio::awaitable<void> serve_metrics(Exchange& exchange, Context& context);

}  // namespace quire::server
