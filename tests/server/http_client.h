// A plain blocking HTTP/1.1 client over a loopback socket, for tests: it can also break the rules.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace quire::server::testing {

struct Reply {
  int status = 0;                              // 0: the connection ended before a whole answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// Every wait ends after 60 s with a reply of status 0 or nothing, so that no test hangs.
class HttpClient {
 public:
  /// `receive_bytes` > 0 shrinks the socket's receive buffer.
  explicit HttpClient(std::uint16_t port, int receive_bytes = 0);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends as much as the peer takes; false when it hung up.
  bool send(std::string_view bytes);
  void shut_down_sending();
  void close();
  /// Closes with a reset instead of an orderly end.
  void reset();

  /// A whole answer, chunked or not.
  Reply read_reply(bool head_only = false);
  /// Status line and headers; the body stays to be read.
  Reply read_head();
  /// The next server-sent event or comment of a chunked stream without its blank line ("data:
  /// {...}" or ": keepalive"); nothing at the end of the stream.
  std::optional<std::string> read_event();
  /// Everything until the peer closes.
  std::string read_to_end();
  /// True once the peer has closed and everything was read.
  bool at_end();

  Reply get(const std::string& path, const std::string& headers = "");
  Reply post(const std::string& path, const std::string& body, const std::string& headers = "");

 private:
  bool fill();
  bool read_chunk();

  int socket_ = -1;
  std::string buffer_;   // raw bytes not yet parsed
  std::string decoded_;  // payload of chunks not yet taken
  bool last_chunk_ = false;
};

std::string post_request(const std::string& path, const std::string& body,
                         const std::string& headers = "");

}  // namespace quire::server::testing
