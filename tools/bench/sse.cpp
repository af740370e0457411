#include "tools/bench/sse.h"

#include <cstddef>

namespace quire::tools::bench {

std::optional<std::string> SseReader::next() {
  for (;;) {
    const std::size_t end = waiting_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = waiting_.substr(0, end);
    waiting_.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.starts_with("data:")) continue;
    line.erase(0, line.starts_with("data: ") ? 6 : 5);
    return line;
  }
}

}  // namespace quire::tools::bench
