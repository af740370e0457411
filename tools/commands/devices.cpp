// `quire devices`: what this machine can run the model on.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "kernels/devices.h"
#include "tools/byte_size.h"
#include "tools/commands.h"

namespace quire::tools {
namespace {

/// Every OpenCL device, and which of the faster ways of computing work on it.
void list_opencl() {
  const auto devices = kernels::list_opencl_devices();
  if (devices.empty()) std::printf("  %-16s %s\n", "opencl", "no OpenCL platform with a device");
  for (const kernels::OpenClDevice& device : devices) {
    std::printf("  %-16s %s%s%s\n", device.name.c_str(), device.description.c_str(),
                device.unusable.empty() ? "" : "; not usable: ", device.unusable.c_str());
    std::printf("  %-16s %d compute units, %s, at most %s at once\n", "", device.compute_units,
                format_byte_size(device.memory).c_str(),
                format_byte_size(device.largest_allocation).c_str());
    for (const kernels::OpenClDevice::Feature& feature : device.features) {
      std::printf("  %-16s %-3s %s\n", "", feature.works ? "yes" : "no", feature.name.c_str());
    }
  }
}

int list() {
  for (const kernels::Device& device : kernels::list_devices()) {
    const std::string missing = device.supported ? "" : " (not here: " + device.missing + ")";
    std::printf("%c %-16s %s%s\n", device.chosen ? '*' : ' ', device.name.c_str(),
                device.description.c_str(), missing.c_str());
  }
  std::printf("  %-16s %s\n", "reference",
              "scalar, double accumulation, one thread: the specification");
  list_opencl();
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
