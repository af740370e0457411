// The server under test: its address, and simple requests to it before the load starts.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quire::tools::bench {

/// The benchmark cannot run: names the option or the server's answer.
class BenchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Target {
  std::string host;
  std::string port;
  std::string path;  // in front of every endpoint, "" or "/prefix"
  std::string api_key;
};

/// "http://host[:port][/prefix]"; IPv6 addresses in brackets. Throws BenchError.
Target parse_base_url(const std::string& url);

struct Reply {
  int status = 0;
  std::string body;
};

/// One blocking request; a body makes it a POST of JSON. Throws BenchError when there is no answer.
Reply ask(const Target& target, std::string_view endpoint, const std::optional<std::string>& body);

}  // namespace quire::tools::bench
