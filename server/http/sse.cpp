#include "server/http/sse.h"

#include <array>
#include <charconv>

#include "kernels/invariant.h"

namespace quire::server {

std::string sse_event(std::string_view payload) {
  INVARIANT(payload.find_first_of("\r\n") == std::string_view::npos,
            "the payload of an event is one line");
  std::string event;
  event.reserve(payload.size() + 8);
  event.append("data: ").append(payload).append("\n\n");
  return event;
}

std::string http_chunk(std::string_view bytes) {
  INVARIANT(!bytes.empty(), "an empty chunk would end the body");
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  std::string chunk(size.data(), end);
  chunk.reserve(chunk.size() + bytes.size() + 4);
  chunk.append("\r\n").append(bytes).append("\r\n");
  return chunk;
}

}  // namespace quire::server
