// Session: the life of one connection: read a request, check who asks, let its handler answer,
// again.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "server/http/connection.h"
#include "server/http/router.h"

namespace quire::server {

/// Who is connected and how many answers are being made: for the connection limit and for draining.
/// Thread: any.
class SessionRegistry {
 public:
  /// `changed` is called, on any io thread, whenever a connection or an answer ended.
  explicit SessionRegistry(std::function<void()> changed) : changed_(std::move(changed)) {}

  void enter(const std::shared_ptr<Connection>& connection);
  void leave(const Connection* connection);
  void answer_begins();
  void answer_ends();
  std::size_t connections() const;
  std::size_t answers() const;
  /// Closes every connection, each on its own strand.
  void abort_all();

 private:
  mutable std::mutex mutex_;
  std::map<const Connection*, std::weak_ptr<Connection>> connections_;
  std::size_t answers_ = 0;
  std::function<void()> changed_;
};

/// Runs until the connection ends. `context`, `routes` and `registry` must outlive it.
boost::asio::awaitable<void> run_session(std::shared_ptr<Connection> connection, Context& context,
                                         std::span<const Route> routes, SessionRegistry& registry);

/// Tells a connection beyond the limit so, and closes it.
boost::asio::awaitable<void> turn_away(std::shared_ptr<Connection> connection);

}  // namespace quire::server
