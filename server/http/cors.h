// Cross-origin headers, for browsers that talk to this server from another site.
#pragma once

#include <string>
#include <vector>

#include "server/http/message.h"

namespace quire::server {

/// Headers for an answer to `request`; none when it has no Origin or the origin is not allowed.
/// `origins` may contain "*". A preflight (OPTIONS) also gets what it may send.
Headers cors_headers(const HttpRequest& request, const std::vector<std::string>& origins);

}  // namespace quire::server
