// `quire bench`: the group of the benchmarks.
#include <CLI/CLI.hpp>

#include "tools/commands.h"

namespace quire::tools {

void add_bench_command(CLI::App& app, Action& chosen) {
  CLI::App* bench = app.add_subcommand("bench", "Measure a server, or a model's steps.");
  bench->require_subcommand(1);
  add_bench_serve_command(*bench, chosen);
  add_bench_step_command(*bench, chosen);
}

}  // namespace quire::tools
