#include "server/http/cors.h"

#include <algorithm>

namespace quire::server {

Headers cors_headers(const HttpRequest& request, const std::vector<std::string>& origins) {
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || origins.empty()) return {};
  const bool any = std::find(origins.begin(), origins.end(), "*") != origins.end();
  if (!any && std::find(origins.begin(), origins.end(), origin) == origins.end()) return {};

  Headers headers{{"Access-Control-Allow-Origin", any ? "*" : std::string(origin)}};
  if (!any) headers.emplace_back("Vary", "Origin");
  if (request.method != "OPTIONS") {
    headers.emplace_back("Access-Control-Expose-Headers", "x-request-id, Retry-After");
    return headers;
  }
  headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
  // The parser admits no control characters in header values, so an echo cannot inject a header.
  const std::string_view wanted = request.header("Access-Control-Request-Headers");
  headers.emplace_back("Access-Control-Allow-Headers",
                       wanted.empty() ? "Authorization, Content-Type, x-api-key, x-request-id"
                                      : std::string(wanted));
  headers.emplace_back("Access-Control-Max-Age", "600");
  return headers;
}

}  // namespace quire::server
