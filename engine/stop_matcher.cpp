#include "engine/stop_matcher.h"

#include <algorithm>
#include <utility>

#include "kernels/invariant.h"

namespace quire::engine {

StopMatcher::StopMatcher(std::vector<std::string> stops, bool include)
    : stops_(std::move(stops)), include_(include) {
  for (const std::string& stop : stops_) INVARIANT(!stop.empty(), "a stop string is empty");
}

std::string StopMatcher::push(std::string_view text) {
  return advance(text, false);
}

std::string StopMatcher::finish() {
  return advance({}, true);
}

/// Looks at each place of the held text in turn. A place is settled when no stop string can match
/// there, or when one does and no longer one still might.
std::string StopMatcher::advance(std::string_view text, bool at_end) {
  if (matched_) return {};
  held_ += text;
  for (std::size_t at = 0; at < held_.size(); ++at) {
    const std::string_view rest = std::string_view(held_).substr(at);
    const std::string* longest = nullptr;
    bool undecided = false;
    for (const std::string& stop : stops_) {
      if (rest.starts_with(stop)) {
        if (longest == nullptr || stop.size() > longest->size()) longest = &stop;
      } else if (!at_end && std::string_view(stop).starts_with(rest)) {
        undecided = true;
      }
    }
    if (undecided) return release(at);
    if (longest == nullptr) continue;
    matched_ = *longest;
    std::string shown = release(at + (include_ ? longest->size() : 0));
    held_.clear();
    return shown;
  }
  return release(held_.size());
}

std::string StopMatcher::release(std::size_t bytes) {
  std::string shown = held_.substr(0, bytes);
  held_.erase(0, bytes);
  return shown;
}

}  // namespace quire::engine
