// Connection: one socket. Reads requests (bounded), writes bytes, and notices when the client hangs
// up while an answer is being computed. Knows nothing of routes or JSON.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "server/core/errors.h"
#include "server/http/message.h"
#include "server/server.h"

namespace quire::server {

/// Bytes of request bodies that all connections hold at once. Thread: any.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t limit) : limit_(limit) {}
  bool try_take(std::size_t bytes) noexcept;
  void give_back(std::size_t bytes) noexcept { taken_ -= bytes; }

 private:
  std::size_t limit_;
  std::atomic<std::size_t> taken_{0};
};

/// How reading a request ended, when it did not succeed.
struct ReadFailure {
  std::optional<ApiError> refusal;  // to be answered before closing; none = just close
};

/// Thread: io only, on its own strand, unless stated otherwise.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, const ServerConfig& config, BodyBudget& bodies);
  ~Connection();

  boost::asio::any_io_executor executor();

  /// The next request without its body. While nothing of it has arrived, idle() is true.
  boost::asio::awaitable<std::optional<ReadFailure>> read_head(HttpRequest& request);
  /// The body of the request whose head was read last.
  boost::asio::awaitable<std::optional<ReadFailure>> read_body(HttpRequest& request);
  /// The body's share of the budget is returned.
  void release_body() noexcept;
  bool idle() const noexcept;
  /// The body of the request whose head was read is short enough to be read just to be dropped.
  bool body_is_small() const noexcept;
  /// Something of the last request's body was not read: the connection cannot be used again.
  bool body_unread() const noexcept;

  /// False when the connection is dead; then nothing further can be sent.
  boost::asio::awaitable<bool> write(std::string_view bytes);

  /// From here on a read stays pending; end of input or an error makes hung_up() true, cancels a
  /// pending write and ends wait(). What a client sends ahead is kept for the next request.
  void watch_hang_up();
  boost::asio::awaitable<void> stop_watching();
  bool hung_up() const noexcept;

  /// Suspends until notify(), which a hang-up calls too, or the timeout. A notification between two
  /// waits is not lost. False = timeout.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds timeout);
  void notify();

  /// Tells the peer that no more comes, and lets it read that: drops input for a bounded time.
  boost::asio::awaitable<void> close_gently();
  /// Closes at once; pending operations end with errors.
  void abort() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::server
