#include "tools/interrupt.h"

#include <csignal>

#include <atomic>

namespace quire::tools {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler needs a lock-free flag");
std::atomic<bool> g_interrupted{false};  // signal handlers reach nothing but a global

void on_interrupt(int signal) {
  if (!g_interrupted.exchange(true)) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;  // output that waits for its reader is not lost
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() noexcept {
  return g_interrupted.load();
}
void clear_interrupt() noexcept {
  g_interrupted.store(false);
}

}  // namespace quire::tools
