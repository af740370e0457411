#include "server/http/exchange.h"

#include <array>
#include <ctime>

#include "kernels/invariant.h"
#include "server/http/sse.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

}  // namespace

Exchange::Exchange(std::shared_ptr<Connection> connection, HttpRequest request, Options options)
    : connection_(std::move(connection)),
      request_(std::move(request)),
      options_(std::move(options)) {
  if (!request_.keep_alive) options_.close = true;
}

Headers Exchange::common_headers() const {
  Headers headers = options_.headers;
  headers.emplace_back("Date", http_date());
  if (options_.close || connection_->body_unread()) {
    headers.emplace_back("Connection", "close");
  } else if (!request_.chunks_allowed) {
    headers.emplace_back("Connection", "keep-alive");  // HTTP/1.0 needs to be told
  }
  return headers;
}

asio::awaitable<void> Exchange::send(const HttpResponse& response) {
  INVARIANT(!started(), "an exchange is answered once");
  status_ = response.status;
  Headers headers = common_headers();
  if (response.status != 204) {
    headers.emplace_back("Content-Type", response.content_type);
    headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  }
  headers.insert(headers.end(), response.headers.begin(), response.headers.end());
  std::string bytes = head_text(response.status, headers);
  if (request_.method != "HEAD") bytes += response.body;
  complete_ = co_await connection_->write(bytes);
}

asio::awaitable<bool> Exchange::send_events(std::string_view events) {
  std::string bytes;
  if (!started()) {
    status_ = 200;
    if (!request_.chunks_allowed) options_.close = true;  // the end of the stream ends the body
    Headers headers = common_headers();
    headers.emplace_back("Content-Type", "text/event-stream");
    headers.emplace_back("Cache-Control", "no-cache");
    headers.emplace_back("X-Accel-Buffering", "no");
    if (request_.chunks_allowed) headers.emplace_back("Transfer-Encoding", "chunked");
    bytes = head_text(200, headers);
  }
  bytes += request_.chunks_allowed ? http_chunk(events) : std::string(events);
  const bool alive = co_await connection_->write(bytes);
  co_return alive;
}

asio::awaitable<void> Exchange::finish_events() {
  if (request_.chunks_allowed) {
    complete_ = co_await connection_->write(kLastChunk);
  } else {
    complete_ = true;
  }
}

bool Exchange::reusable() const noexcept {
  return complete_ && !options_.close && !connection_->body_unread();
}

}  // namespace quire::server
