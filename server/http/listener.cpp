#include "server/http/listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quire::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kResume = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kOutOfDescriptors{100};  // pause before the next accept

tcp::endpoint resolve(asio::io_context& io, const std::string& host, std::uint16_t port) {
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) return {address, port};
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw ServerError("cannot listen on host '" + host + "': " + error.message());
  }
  return found.begin()->endpoint();
}

}  // namespace

Listener::Listener(asio::io_context& io, const ServerConfig& config, BodyBudget& bodies,
                   Accept accept)
    : io_(io),
      config_(config),
      bodies_(bodies),
      accept_(std::move(accept)),
      acceptor_(asio::make_strand(io)) {
  const tcp::endpoint endpoint = resolve(io, config.host, config.port);
  const auto check = [&](const char* what, const error_code& error) {
    if (!error) return;
    throw ServerError("cannot " + std::string(what) + " " + config.host + ":" +
                      std::to_string(config.port) + ": " + error.message());
  };
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  check("open a socket for", error);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  check("reuse", error);
  if (config.limits.socket_send_bytes > 0) {  // accepted sockets inherit it
    acceptor_.set_option(asio::socket_base::send_buffer_size(config.limits.socket_send_bytes),
                         error);
    check("set the send buffer of", error);
  }
  acceptor_.bind(endpoint, error);
  check("bind", error);
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  check("listen on", error);
  port_ = acceptor_.local_endpoint().port();
}

asio::awaitable<void> Listener::run() {
  asio::steady_timer pause(acceptor_.get_executor());
  while (acceptor_.is_open()) {
    const auto strand = asio::make_strand(io_);
    auto [error, socket] = co_await acceptor_.async_accept(strand, kResume);
    if (!error) {
      accept_(std::make_shared<Connection>(std::move(socket), config_, bodies_));
    } else if (acceptor_.is_open()) {
      pause.expires_after(kOutOfDescriptors);
      co_await pause.async_wait(kResume);
    }
  }
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace quire::server
