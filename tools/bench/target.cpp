#include "tools/bench/target.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cctype>
#include <chrono>

namespace quire::tools::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

bool is_port(std::string_view text) {
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), digit);
}

}  // namespace

Target parse_base_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    throw BenchError("--base-url " + url + ": only http:// addresses are supported");
  }
  Target target;
  std::string rest = url.substr(kScheme.size());
  if (const std::size_t slash = rest.find('/'); slash != std::string::npos) {
    target.path = rest.substr(slash);
    while (target.path.ends_with('/')) target.path.pop_back();
    rest.resize(slash);
  }
  target.port = "80";
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  const std::size_t colon = bracket == std::string::npos ? bracket : rest.find(':', bracket);
  if (colon != std::string::npos) {
    target.port = rest.substr(colon + 1);
    rest.resize(colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  target.host = rest;
  if (target.host.empty() || !is_port(target.port)) {
    throw BenchError("--base-url " + url + ": expected http://HOST:PORT");
  }
  return target;
}

Reply ask(const Target& target, std::string_view endpoint, const std::optional<std::string>& body) {
  try {
    asio::io_context context;
    beast::tcp_stream stream(context);
    asio::ip::tcp::resolver resolver(context);
    stream.connect(resolver.resolve(target.host, target.port));
    http::request<http::string_body> request(body ? http::verb::post : http::verb::get,
                                             target.path + std::string(endpoint), 11);
    request.set(http::field::host, target.host);
    request.set(http::field::connection, "close");
    if (!target.api_key.empty()) {
      request.set(http::field::authorization, "Bearer " + target.api_key);
    }
    if (body) {
      request.set(http::field::content_type, "application/json");
      request.body() = *body;
    }
    request.prepare_payload();
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    http::read(stream, buffer, parser);
    return {static_cast<int>(parser.get().result_int()), parser.get().body()};
  } catch (const boost::system::system_error& error) {
    throw BenchError("no answer from http://" + target.host + ":" + target.port + target.path +
                     std::string(endpoint) + ": " + error.code().message());
  }
}

}  // namespace quire::tools::bench
