#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/commands.h"

namespace quire::tools {

void add_version_command(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("version", "Print the version.");
  command->callback([&chosen] {
    chosen = [] {
      std::printf("quire %s\n", QUIRE_VERSION);
      return 0;
    };
  });
}

}  // namespace quire::tools
