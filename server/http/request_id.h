// The id by which a request is known in headers, answers and logs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quire::server {

inline constexpr std::size_t kMaxRequestIdBytes = 128;

/// The client's x-request-id when it is 1 to 128 letters, digits or "-_.:"; else a fresh random
/// one.
std::string request_id_for(std::string_view from_client);

/// 53 random bits: a seed that every JSON client keeps exactly.
std::uint64_t random_seed();

}  // namespace quire::server
