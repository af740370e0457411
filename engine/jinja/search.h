// Finding text in text in linear time.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace quire::engine::jinja {

/// First occurrence at or after `from`. glibc's memmem is linear in the worst case, where
/// std::string_view::find is quadratic: a template must not be able to choose that case.
inline std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  // One byte has no bad case; under ThreadSanitizer a memmem costs the whole rest of the text.
  if (needle.size() == 1) return text.find(needle.front(), from);
  const void* found =
      ::memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

/// Last occurrence that ends at or before `end`.
inline std::size_t find_last_text(std::string_view text, std::string_view needle, std::size_t end) {
  text = text.substr(0, end);
  const std::string reversed_text(text.rbegin(), text.rend());
  const std::string reversed_needle(needle.rbegin(), needle.rend());
  const std::size_t found = find_text(reversed_text, reversed_needle, 0);
  return found == std::string_view::npos ? found : text.size() - found - needle.size();
}

}  // namespace quire::engine::jinja
