#include "server/http/auth.h"

namespace quire::server {
namespace {

bool equal_in_constant_time(std::string_view presented, std::string_view key) noexcept {
  unsigned difference = presented.size() == key.size() ? 0 : 1;
  for (std::size_t i = 0; i < presented.size(); ++i) {
    const char expected = key.empty() ? '\0' : key[i % key.size()];
    difference |= static_cast<unsigned char>(presented[i] ^ expected);
  }
  return difference == 0;
}

}  // namespace

std::string_view presented_key(const HttpRequest& request) noexcept {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view authorization = request.header("Authorization");
  if (authorization.size() > kScheme.size() &&
      equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return authorization.substr(kScheme.size());
  }
  return request.header("x-api-key");
}

bool is_one_of_keys(std::string_view presented, const std::vector<std::string>& keys) noexcept {
  bool found = false;
  for (const std::string& key : keys) {
    const bool equal = equal_in_constant_time(presented, key) && !key.empty();
    found = found || equal;
  }
  return found;
}

}  // namespace quire::server
