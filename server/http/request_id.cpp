#include "server/http/request_id.h"

#include <algorithm>
#include <cstdint>
#include <random>

namespace quire::server {
namespace {

std::uint64_t random_64() {
  thread_local std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.:").find(c) != std::string_view::npos;
}

std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = "0123456789abcdef"[(value >> (4 * i)) & 15U];
  return text;
}

}  // namespace

std::string request_id_for(std::string_view from_client) {
  if (!from_client.empty() && from_client.size() <= kMaxRequestIdBytes &&
      std::all_of(from_client.begin(), from_client.end(), is_id_character)) {
    return std::string(from_client);
  }
  return hex(random_64()) + hex(random_64());
}

std::uint64_t random_seed() {
  return random_64() & ((std::uint64_t{1} << 53U) - 1);
}

}  // namespace quire::server
