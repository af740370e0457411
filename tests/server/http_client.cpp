#include "tests/server/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace quire::server::testing {
namespace {

constexpr int kPatienceMs = 60'000;

bool ready(int socket, short what) {
  pollfd waiting{.fd = socket, .events = what, .revents = 0};
  return ::poll(&waiting, 1, kPatienceMs) == 1;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

HttpClient::HttpClient(std::uint16_t port, int receive_bytes) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  if (receive_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect");
  }
}

HttpClient::~HttpClient() {
  close();
}

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HttpClient::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

void HttpClient::shut_down_sending() {
  ::shutdown(socket_, SHUT_WR);
}

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!ready(socket_, POLLOUT)) return false;
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::fill() {
  std::array<char, 16384> piece{};
  if (!ready(socket_, POLLIN)) return false;
  const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

Reply HttpClient::read_head() {
  Reply reply;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return reply;
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  last_chunk_ = false;
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t stop = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    reply.headers[lower(head.substr(at, colon - at))] = head.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  reply.status = std::stoi(head.substr(9, 3));
  return reply;
}

bool HttpClient::read_chunk() {
  std::size_t line = 0;
  while ((line = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  const std::size_t size = std::stoul(buffer_.substr(0, line), nullptr, 16);
  while (buffer_.size() < line + 2 + size + 2) {
    if (!fill()) return false;
  }
  decoded_ += buffer_.substr(line + 2, size);
  buffer_.erase(0, line + 2 + size + 2);
  last_chunk_ = size == 0;
  return !last_chunk_;
}

Reply HttpClient::read_reply(bool head_only) {
  Reply reply = read_head();
  if (reply.status == 0 || head_only || reply.status == 204) return reply;
  if (reply.header("transfer-encoding") == "chunked") {
    while (read_chunk()) {
    }
    reply.body = std::exchange(decoded_, {});
    if (!last_chunk_) reply.status = 0;
    return reply;
  }
  const std::size_t size = std::stoul(reply.header("content-length"));
  while (buffer_.size() < size) {
    if (!fill()) return {};
  }
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

std::optional<std::string> HttpClient::read_event() {
  std::size_t end = 0;
  while ((end = decoded_.find("\n\n")) == std::string::npos) {
    if (last_chunk_ || !read_chunk()) return std::nullopt;
  }
  std::string event = decoded_.substr(0, end);
  decoded_.erase(0, end + 2);
  return event;
}

std::string HttpClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool HttpClient::at_end() {
  return buffer_.empty() && !fill();
}

Reply HttpClient::get(const std::string& path, const std::string& headers) {
  send("GET " + path + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n");
  return read_reply();
}

Reply HttpClient::post(const std::string& path, const std::string& body,
                       const std::string& headers) {
  send(post_request(path, body, headers));
  return read_reply();
}

std::string post_request(const std::string& path, const std::string& body,
                         const std::string& headers) {
  std::string request("POST ");
  request.append(path).append(" HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n");
  request.append(headers).append("Content-Length: ").append(std::to_string(body.size()));
  return request.append("\r\n\r\n").append(body);
}

}  // namespace quire::server::testing
