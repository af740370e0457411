// Server-sent events, as far as the OpenAI API uses them: the `data` of each event.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quire::tools::bench {

/// Bytes in, in any cuts; events out. Comments and other fields are skipped. Thread: caller
/// synchronises.
class SseReader {
 public:
  void push(std::string_view bytes) { waiting_.append(bytes); }
  /// The next complete `data` line's value (the API never splits an event over several).
  std::optional<std::string> next();

 private:
  std::string waiting_;
};

}  // namespace quire::tools::bench
