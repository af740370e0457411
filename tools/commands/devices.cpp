// `quire devices`: what this machine can run the model on.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "kernels/devices.h"
#include "tools/commands.h"

namespace quire::tools {
namespace {

int list() {
  for (const kernels::Device& device : kernels::list_devices()) {
    std::printf("%c %-16s %s%s\n", device.chosen ? '*' : ' ', device.name.c_str(),
                device.description.c_str(), device.supported ? "" : " (not on this machine)");
  }
  std::printf("  %-16s %s\n", "reference",
              "scalar, double accumulation, one thread: the specification");
  std::printf(
      "\n* is what --device cpu takes; QUIRE_CPU_ISA=NAME (the part after cpu:) forces another.\n");
  return 0;
}

}  // namespace

void add_devices_command(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "devices", "List the devices and instruction sets that a model can run on.");
  command->callback([&chosen] { chosen = list; });
}

}  // namespace quire::tools
