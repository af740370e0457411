// The requests of the same-bytes test: every kind of request, made from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quire::server::testing {

struct LoadCase {
  std::string name;  // the request id, which answers carry
  std::string path;
  std::string body;
  bool stream = false;
  int leave_after = -1;            // events after which the client hangs up; -1 = it stays
  std::uint64_t arrival_step = 0;  // sent once the engine has run that many steps
};

/// Mixed lengths, shared and unshared prefixes, greedy and sampled, penalties, stop strings, echo,
/// several choices, some that hang up. The same seed gives the same requests.
std::vector<LoadCase> make_load(std::uint64_t seed, int count);

/// Longest prompt plus answer of these requests, in tokens: what one sequence may need.
inline constexpr std::int32_t kLoadMaxTokens = 480;

}  // namespace quire::server::testing
