// API keys. Comparing takes the same time whichever key or byte differs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace quire::server {

/// The key a request presents: `Authorization: Bearer <key>`, else `x-api-key: <key>`; "" = none.
std::string_view presented_key(const HttpRequest& request) noexcept;

/// True when `presented` is one of `keys`. The time depends on the lengths alone.
bool is_one_of_keys(std::string_view presented, const std::vector<std::string>& keys) noexcept;

}  // namespace quire::server
