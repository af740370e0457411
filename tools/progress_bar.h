// A progress bar on standard error: redrawn in place on a terminal, a line per quarter elsewhere.
#pragma once

#include <cstddef>
#include <string>

namespace quire::tools {

/// Thread: caller synchronises.
class ProgressBar {
 public:
  /// `quiet` shows nothing at all.
  explicit ProgressBar(std::string label, bool quiet = false);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// REQUIRES: done <= total. `note` follows the bar ("12 MiB", "3.1 requests/s").
  void show(std::size_t done, std::size_t total, const std::string& note);

 private:
  std::string label_;
  bool quiet_;
  bool terminal_;
  int last_step_ = -1;  // what was drawn: hundredths on a terminal, quarters elsewhere
  bool open_line_ = false;
};

}  // namespace quire::tools
