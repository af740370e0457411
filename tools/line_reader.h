// Lines from standard input, terminal or pipe, that Ctrl-C can interrupt (watch_interrupts).
#pragma once

#include <string>

namespace quire::tools {

/// Thread: caller synchronises.
class LineReader {
 public:
  enum class Outcome { line, interrupted, end };

  /// Blocks. On `line`, `out` is the next line without its end; a last line needs none.
  Outcome next(std::string& out);

 private:
  std::string waiting_;  // read, not yet given out
  bool ended_ = false;
};

}  // namespace quire::tools
