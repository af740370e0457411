// `quire tune`: measures what an OpenCL device computes fastest and keeps the choice on disk.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "kernels/devices.h"
#include "tools/commands.h"
#include "tools/engine_options.h"

namespace quire::tools {
namespace {

void print(const kernels::OpenClTrial& trial, const char* mark) {
  const kernels::OpenClTuning& tuning = trial.tuning;
  const bool bytes = tuning.products == kernels::CodeProducts::bytes;
  std::printf("%-3s %-8s %7d %5d %9d  %-24s", mark, bytes ? "bytes" : "floats", tuning.columns,
              tuning.lanes, tuning.many_rows,
              kernels::opencl_tiles().at(static_cast<std::size_t>(tuning.tile - 1)).c_str());
  for (const double seconds : trial.seconds) std::printf(" %10.1f", seconds * 1e6);
  std::printf("\n");
  std::fflush(stdout);
}

int tune(const std::string& device) {
  const std::int32_t index = opencl_index(device).value_or(0);
  std::printf("%s; linear of 4 bits and of bf16 (1024 x 2048), microseconds\n",
              kernels::make_opencl_backend({.device = index})->describe().c_str());
  std::printf("    %-8s %7s %5s %9s  %-24s %10s %10s %10s\n", "products", "columns", "lanes",
              "many rows", "tile", "1 row", "8 rows", "128 rows");
  const auto trials = kernels::tune_opencl(
      index, [](const kernels::OpenClTrial& trial) { print(trial, ""); });
  std::printf("chosen and stored for this device and driver:\n");
  print(trials.front(), "*");
  return 0;
}

}  // namespace

void add_tune_command(CLI::App& app, Action& chosen) {
  const auto device = std::make_shared<std::string>("opencl");
  CLI::App* command = app.add_subcommand(
      "tune", "Measure an OpenCL device and store what is fastest on it. Changes no answer.");
  command->add_option("--device", *device, "The device: opencl or opencl:N.")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return opencl_index(text) ? std::string() : "\"" + text + "\" is no OpenCL device";
          },
          "DEVICE"));
  command->callback([&chosen, device] { chosen = [device] { return tune(*device); }; });
}

}  // namespace quire::tools
