#include "server/http/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace quire::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr auto kResume = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadAheadBytes = 64U << 10U;  // kept of what a client sends ahead
constexpr std::chrono::seconds kLinger{2};           // close_gently: at most so long,
constexpr std::size_t kLingerBytes = 1U << 20U;      // and so much input is dropped

ReadFailure silent() {
  return {};
}

ReadFailure refused(ErrorKind kind, std::string message) {
  return {ApiError{kind, std::move(message), "", {}}};
}

}  // namespace

bool BodyBudget::try_take(std::size_t bytes) noexcept {
  std::size_t before = taken_.load();
  do {
    if (bytes > limit_ - std::min(limit_, before)) return false;
  } while (!taken_.compare_exchange_weak(before, before + bytes));
  return true;
}

struct Connection::Impl {
  using Parser = http::request_parser<http::string_body>;

  Impl(asio::ip::tcp::socket socket, const ServerConfig& server, BodyBudget& budget)
      : stream(std::move(socket)),
        buffer(server.limits.header_bytes + kReadAheadBytes),
        wakeup(stream.get_executor(), asio::steady_timer::time_point::max()),
        config(server),
        bodies(budget) {}

  ReadFailure failure_of(error_code error) const;
  bool take_body_bytes(std::size_t total);
  void read_ahead();

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  asio::steady_timer wakeup;
  asio::cancellation_signal stop_reading;
  const ServerConfig& config;
  BodyBudget& bodies;
  std::size_t body_bytes = 0;  // taken from the budget
  std::weak_ptr<Connection> self;
  bool idle = true;
  bool reading_ahead = false;
  bool stopping = false;  // stop_watching waits for the pending read to end
  bool hung_up = false;
  bool notified = false;
};

Connection::Connection(asio::ip::tcp::socket socket, const ServerConfig& config, BodyBudget& bodies)
    : impl_(std::make_unique<Impl>(std::move(socket), config, bodies)) {
  error_code ignored;
  impl_->stream.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  release_body();
}

asio::any_io_executor Connection::executor() {
  return impl_->stream.get_executor();
}

ReadFailure Connection::Impl::failure_of(error_code error) const {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return refused(ErrorKind::headers_too_large, "the request line and headers are longer than " +
                                                     std::to_string(config.limits.header_bytes) +
                                                     " bytes");
  }
  if (error == http::error::body_limit) {
    return refused(
        ErrorKind::body_too_large,
        "the body is longer than " + std::to_string(config.limits.body_bytes) + " bytes");
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return silent();
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return refused(ErrorKind::bad_http, "not a valid HTTP/1 request: " + error.message());
  }
  return silent();
}

bool Connection::Impl::take_body_bytes(std::size_t total) {
  if (total <= body_bytes) return true;
  if (!bodies.try_take(total - body_bytes)) return false;
  body_bytes = total;
  return true;
}

asio::awaitable<std::optional<ReadFailure>> Connection::read_head(HttpRequest& request) {
  Impl& my = *impl_;
  my.parser.emplace();
  my.parser->header_limit(static_cast<std::uint32_t>(my.config.limits.header_bytes));
  my.parser->body_limit(my.config.limits.body_bytes);
  my.idle = my.buffer.size() == 0;
  my.stream.expires_after(my.config.timeouts.idle);
  while (!my.parser->is_header_done()) {
    const auto [error, bytes] =
        co_await http::async_read_some(my.stream, my.buffer, *my.parser, kResume);
    my.idle = false;
    if (error && !(error == http::error::body_limit && my.parser->is_header_done())) {
      co_return my.failure_of(error);
    }
  }
  const auto& head = my.parser->get();
  const std::string_view method(head.method_string().data(), head.method_string().size());
  const std::string_view target(head.target().data(), head.target().size());
  request.method = std::string(method);
  request.keep_alive = head.keep_alive();
  request.chunks_allowed = head.version() >= 11;
  for (const auto& field : head) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  auto path = path_of_target(target);
  if (!path) co_return refused(ErrorKind::bad_http, "the request target is not a valid path");
  request.path = std::move(*path);
  co_return std::nullopt;
}

asio::awaitable<std::optional<ReadFailure>> Connection::read_body(HttpRequest& request) {
  Impl& my = *impl_;
  const auto length = my.parser->content_length();
  if (length && *length > my.config.limits.body_bytes) {
    co_return my.failure_of(http::error::body_limit);
  }
  const ReadFailure no_room{ApiError{ErrorKind::overloaded,
                                     "too many request bodies are being read at once", "",
                                     std::chrono::seconds(1)}};
  if (length && !my.take_body_bytes(static_cast<std::size_t>(*length))) co_return no_room;
  if (!my.parser->is_done() && equal_ignoring_case(request.header("Expect"), "100-continue")) {
    const std::string go_on = head_text(100, {});
    const bool alive = co_await write(go_on);
    if (!alive) co_return silent();
  }
  my.stream.expires_after(my.config.timeouts.body);
  while (!my.parser->is_done()) {
    const auto [error, bytes] =
        co_await http::async_read_some(my.stream, my.buffer, *my.parser, kResume);
    if (error) co_return my.failure_of(error);
    if (!my.take_body_bytes(my.parser->get().body().size())) co_return no_room;
  }
  request.body = std::move(my.parser->get().body());
  co_return std::nullopt;
}

void Connection::release_body() noexcept {
  impl_->bodies.give_back(impl_->body_bytes);
  impl_->body_bytes = 0;
}

bool Connection::idle() const noexcept {
  return impl_->idle;
}

bool Connection::body_is_small() const noexcept {
  const auto length = impl_->parser->content_length();
  return impl_->parser->is_done() || (length && *length <= kReadAheadBytes);
}

bool Connection::body_unread() const noexcept {
  return impl_->parser.has_value() && !impl_->parser->is_done();
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
  impl_->stream.expires_after(impl_->config.timeouts.write);
  const auto [error, written] =
      co_await asio::async_write(impl_->stream, asio::buffer(bytes.data(), bytes.size()), kResume);
  impl_->stream.expires_never();
  co_return !error;
}

void Connection::watch_hang_up() {
  impl_->self = weak_from_this();
  impl_->hung_up = false;
  impl_->read_ahead();
}

void Connection::Impl::read_ahead() {
  constexpr std::size_t kPiece = 4096;
  if (buffer.size() >= kReadAheadBytes)
    return;  // a client that far ahead is watched by writes only
  reading_ahead = true;
  auto keep_alive = self.lock();
  stream.socket().async_read_some(
      buffer.prepare(kPiece),
      asio::bind_cancellation_slot(
          stop_reading.slot(), [this, keep_alive](error_code error, std::size_t bytes) {
            buffer.commit(bytes);
            reading_ahead = false;
            if (!error && !stopping) return read_ahead();
            if (error && (error != asio::error::operation_aborted || !stream.socket().is_open())) {
              hung_up = true;
              notified = true;
              stream.cancel();
            }
            wakeup.cancel();
          }));
}

asio::awaitable<void> Connection::stop_watching() {
  // A cancelled read either completes with bytes, which are kept, or without any.
  impl_->stopping = true;
  impl_->stop_reading.emit(asio::cancellation_type::total);
  while (impl_->reading_ahead) {
    impl_->wakeup.expires_at(asio::steady_timer::time_point::max());
    co_await impl_->wakeup.async_wait(kResume);
  }
  impl_->stopping = false;
}

bool Connection::hung_up() const noexcept {
  return impl_->hung_up;
}

asio::awaitable<bool> Connection::wait(std::chrono::milliseconds timeout) {
  if (!impl_->notified) {
    impl_->wakeup.expires_after(timeout);
    co_await impl_->wakeup.async_wait(kResume);
  }
  co_return std::exchange(impl_->notified, false);
}

void Connection::notify() {
  impl_->notified = true;
  impl_->wakeup.cancel();
}

asio::awaitable<void> Connection::close_gently() {
  Impl& my = *impl_;
  error_code ignored;
  my.stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  my.stream.expires_after(kLinger);
  std::size_t dropped = 0;
  while (dropped < kLingerBytes) {
    my.buffer.consume(my.buffer.size());
    const auto [error, bytes] =
        co_await my.stream.async_read_some(my.buffer.prepare(4096), kResume);
    if (error) break;
    dropped += bytes;
  }
  abort();
}

void Connection::abort() noexcept {
  impl_->stream.close();
}

}  // namespace quire::server
