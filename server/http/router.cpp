#include "server/http/router.h"

namespace quire::server {

RouteMatch find_route(std::span<const Route> routes, std::string_view method,
                      std::string_view path) {
  RouteMatch match;
  for (const Route& route : routes) {
    const bool takes_rest = route.path.back() == '/';
    const bool fits = takes_rest ? path.size() > route.path.size() && path.starts_with(route.path)
                                 : path == route.path;
    if (!fits) continue;
    match.allowed += match.allowed.empty() ? "OPTIONS, " : ", ";
    match.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method != method && !(route.method == "GET" && method == "HEAD")) continue;
    match.route = &route;
    if (takes_rest) match.rest = path.substr(route.path.size());
  }
  return match;
}

}  // namespace quire::server
