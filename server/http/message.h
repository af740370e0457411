// One HTTP request as read and one answer as written: plain values, no sockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/errors.h"

namespace quire::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string path;  // percent-decoded, without the query
  Headers headers;   // names as sent
  std::string body;
  bool keep_alive = true;
  bool chunks_allowed = true;  // HTTP/1.1: the answer may use chunked encoding

  /// The first header of that name (case-insensitive); "" when absent.
  std::string_view header(std::string_view name) const noexcept;
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  Headers headers;
};

HttpResponse json_response(std::string body);
HttpResponse error_response(const ApiError& error);

/// Status line and headers, blank line included. REQUIRES: no CR or LF in names and values.
std::string head_text(unsigned status, const Headers& headers);
std::string_view reason_of(unsigned status) noexcept;

/// Path without query and fragment, percent-decoded; nothing if it is no absolute path or an escape
/// is broken.
std::optional<std::string> path_of_target(std::string_view target);

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace quire::server
