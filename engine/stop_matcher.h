// Stop strings over a text stream: holds back what may become a stop string, releases what cannot.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quire::engine {

/// The earliest match in the text wins (at the same place: the longest stop string), however the
/// text was cut into pushes. So a match waits while a longer stop string, or one that began
/// earlier, may still be completed; finish() settles it. Ask matched() after both. A push costs
/// O((held + pushed) * stop strings); what is held is shorter than the longest stop string.
/// Thread: caller synchronises.
class StopMatcher {
 public:
  /// REQUIRES: no empty stop string. With `include`, the stop string itself is released too.
  explicit StopMatcher(std::vector<std::string> stops, bool include = false);

  /// Text that is now safe to show. After a match everything further is swallowed.
  std::string push(std::string_view text);
  /// The sequence has ended: the held-back rest, up to a stop string that waited in it.
  std::string finish();
  /// The stop string that matched, if one did.
  const std::optional<std::string>& matched() const noexcept { return matched_; }

 private:
  std::string advance(std::string_view text, bool at_end);
  std::string release(std::size_t bytes);

  std::vector<std::string> stops_;
  bool include_;
  std::string held_;
  std::optional<std::string> matched_;
};

}  // namespace quire::engine
