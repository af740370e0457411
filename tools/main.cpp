// The `quire` command: parses the line, runs the chosen subcommand, turns exceptions into one line.
// Exit codes: 0 done, 1 it failed, 2 the command line was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "tools/commands.h"
#include "tools/help_formatter.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int run(int argc, char** argv) {
  using namespace quire::tools;
  CLI::App app{"quire: a server for large language models. Same request, same bytes."};
  app.name("quire");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("quire ") + QUIRE_VERSION, "Print the version.");
  app.formatter(std::make_shared<HelpFormatter>());
  app.option_defaults()->always_capture_default();
  Action action;
  add_serve_command(app, action);
  add_chat_command(app, action);
  add_generate_command(app, action);
  add_bench_command(app, action);
  add_devices_command(app, action);
  add_tune_command(app, action);
  add_version_command(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "quire: %s\n", error.what());
    return kFailed;
  }
}
