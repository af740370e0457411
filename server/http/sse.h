// Server-sent events (WHATWG HTML, section 9.2) and the chunks of HTTP/1.1 they travel in: framing
// alone, no sockets.
#pragma once

#include <string>
#include <string_view>

namespace quire::server {

/// "data: <payload>\n\n". REQUIRES: no line break in the payload (JSON as to_text writes it).
std::string sse_event(std::string_view payload);
inline constexpr std::string_view kSseKeepalive = ": keepalive\n\n";
inline constexpr std::string_view kSseDone = "data: [DONE]\n\n";

/// One chunk of a chunked body. REQUIRES: not empty (an empty chunk ends the body).
std::string http_chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace quire::server
