// The subcommands of `quire`. Each adds its options to the command line and, when it is the one
// that was chosen, sets what main runs.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace quire::tools {

/// Returns the exit code; may throw what main turns into one line.
using Action = std::function<int()>;

void add_serve_command(CLI::App& app, Action& chosen);
void add_generate_command(CLI::App& app, Action& chosen);
void add_chat_command(CLI::App& app, Action& chosen);
void add_devices_command(CLI::App& app, Action& chosen);
void add_bench_command(CLI::App& app, Action& chosen);
void add_bench_serve_command(CLI::App& bench, Action& chosen);
void add_bench_step_command(CLI::App& bench, Action& chosen);
void add_tune_command(CLI::App& app, Action& chosen);
void add_version_command(CLI::App& app, Action& chosen);

}  // namespace quire::tools
