#include "tools/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "tools/interrupt.h"

namespace quire::tools {
namespace {

// How often a waiting reader looks whether it was interrupted.
constexpr int kPatienceMs = 50;

}  // namespace

LineReader::Outcome LineReader::next(std::string& out) {
  for (;;) {
    if (const std::size_t end = waiting_.find('\n'); end != std::string::npos) {
      out = waiting_.substr(0, end);
      waiting_.erase(0, end + 1);
      return Outcome::line;
    }
    if (ended_) {
      out = std::exchange(waiting_, {});
      return out.empty() ? Outcome::end : Outcome::line;
    }
    if (interrupted()) return Outcome::interrupted;
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&input, 1, kPatienceMs) <= 0) continue;
    std::array<char, 4096> part{};
    const ssize_t bytes = read(STDIN_FILENO, part.data(), part.size());
    if (bytes <= 0) {
      ended_ = true;
    } else {
      waiting_.append(part.data(), static_cast<std::size_t>(bytes));
    }
  }
}

}  // namespace quire::tools
