#include "tools/progress_bar.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace quire::tools {
namespace {

constexpr int kWidth = 32;

}  // namespace

ProgressBar::ProgressBar(std::string label, bool quiet)
    : label_(std::move(label)), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (open_line_) std::fputc('\n', stderr);
}

void ProgressBar::show(std::size_t done, std::size_t total, const std::string& note) {
  if (quiet_ || total == 0) return;
  const int steps = terminal_ ? 100 : 4;
  const int step = static_cast<int>(done * static_cast<std::size_t>(steps) / total);
  if (step == last_step_) return;
  last_step_ = step;
  const int percent = step * (100 / steps);
  if (!terminal_) {
    std::fprintf(stderr, "%s: %d %% %s\n", label_.c_str(), percent, note.c_str());
    return;
  }
  const auto filled = static_cast<std::size_t>(percent * kWidth / 100);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r%s [%s] %3d %% %s\033[K", label_.c_str(), bar.c_str(), percent,
               note.c_str());
  open_line_ = true;
}

}  // namespace quire::tools
