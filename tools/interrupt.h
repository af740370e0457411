// Ctrl-C as a flag, for commands that stop an answer instead of ending.
#pragma once

namespace quire::tools {

/// From now on Ctrl-C (SIGINT) sets a flag and interrupts a blocking read; a second one while the
/// flag is still set ends the process.
void watch_interrupts();
/// Whether Ctrl-C came since the last clear_interrupt(). Thread: any.
bool interrupted() noexcept;
void clear_interrupt() noexcept;

}  // namespace quire::tools
