// Router: which handler answers a method and path. A route is one row of a table.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string>
#include <string_view>

namespace quire::server {

class Exchange;
struct Context;

using Handler = boost::asio::awaitable<void> (*)(Exchange&, Context&);

struct Route {
  std::string_view method;  // "GET" answers HEAD too
  std::string_view path;    // ending in '/': takes what follows, not empty, as Exchange::rest
  Handler handler = nullptr;
  bool open = false;  // needs no API key
};

struct RouteMatch {
  const Route* route = nullptr;  // null: nothing answers this method and path
  std::string_view rest;
  std::string allowed;  // methods of this path, for Allow; "" = unknown path
};

/// Thread: any.
RouteMatch find_route(std::span<const Route> routes, std::string_view method,
                      std::string_view path);

}  // namespace quire::server
