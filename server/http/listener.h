// Listener: accepts connections up to the limit and starts a session for each.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>

#include "server/http/connection.h"
#include "server/server.h"

namespace quire::server {

/// Thread: io only, on its own strand, unless stated otherwise.
class Listener {
 public:
  /// `accept` gets each new connection, on any io thread.
  using Accept = std::function<void(std::shared_ptr<Connection>)>;

  /// Binds and listens. Throws ServerError naming address and reason.
  Listener(boost::asio::io_context& io, const ServerConfig& config, BodyBudget& bodies,
           Accept accept);

  std::uint16_t port() const noexcept { return port_; }
  boost::asio::any_io_executor executor() { return acceptor_.get_executor(); }
  /// Until close().
  boost::asio::awaitable<void> run();
  void close();

 private:
  boost::asio::io_context& io_;
  const ServerConfig& config_;
  BodyBudget& bodies_;
  Accept accept_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
};

}  // namespace quire::server
