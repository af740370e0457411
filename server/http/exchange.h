// Exchange: one request and its answer on one connection, as a handler sees them. Adds what every
// answer carries (request id, CORS, keep-alive) and frames streams.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/connection.h"
#include "server/http/message.h"

namespace quire::server {

/// Thread: io only, on the connection's strand.
class Exchange {
 public:
  struct Options {
    std::string id;      // the request id
    Headers headers;     // of every answer: x-request-id, CORS
    bool close = false;  // the connection ends with this answer
    std::string rest;    // the path behind a route that takes one ("/v1/models/<rest>")
  };
  Exchange(std::shared_ptr<Connection> connection, HttpRequest request, Options options);

  const HttpRequest& request() const noexcept { return request_; }
  const std::string& id() const noexcept { return options_.id; }
  const std::string& rest() const noexcept { return options_.rest; }
  std::chrono::steady_clock::time_point arrived() const noexcept { return arrived_; }
  Connection& connection() noexcept { return *connection_; }
  std::shared_ptr<Connection> share_connection() const noexcept { return connection_; }

  /// The body, moved out; its bytes no longer count once release_body was called.
  std::string take_body() { return std::move(request_.body); }
  void release_body() noexcept { connection_->release_body(); }

  /// A whole answer. REQUIRES: nothing was sent.
  boost::asio::awaitable<void> send(const HttpResponse& response);

  /// A stream of server-sent events: the head, pieces of one or several events, the end. The head
  /// goes out with the first piece. False: the client is gone.
  boost::asio::awaitable<bool> send_events(std::string_view events);
  boost::asio::awaitable<void> finish_events();

  bool started() const noexcept { return status_ != 0; }
  unsigned status() const noexcept { return status_; }
  /// Another request may follow on this connection.
  bool reusable() const noexcept;
  void close_after() noexcept { options_.close = true; }

 private:
  Headers common_headers() const;

  std::shared_ptr<Connection> connection_;
  HttpRequest request_;
  Options options_;
  std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
  unsigned status_ = 0;
  bool complete_ = false;
};

}  // namespace quire::server
