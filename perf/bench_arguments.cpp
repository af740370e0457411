#include "perf/bench_arguments.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "tools/machine.h"

namespace quire::perf {
namespace {

constexpr std::int32_t kMostThreads = 1024;

std::int32_t parse_threads(std::string_view text) {
  std::int32_t threads = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, threads);
  if (error != std::errc{} || rest != end || threads < 0 || threads > kMostThreads) {
    throw std::runtime_error("--threads=" + std::string(text) + ": needs a number of threads");
  }
  return threads;
}

Floors read_floors(const std::string& path, std::int32_t threads) {
  std::ifstream in(path);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_object() || !json.contains("floors") || !json["floors"].is_array()) {
    throw std::runtime_error("--floors=" + path + ": not a result of measure_floors --json");
  }
  Floors floors;
  for (const auto& floor : json["floors"]) {
    if (!floor.is_object() || floor.value("threads", 0) != threads) continue;
    const double best = floor.value("best", 0.0);
    const std::string unit = floor.value("unit", "");
    if (unit == "Gop/s") floors.peak = std::max(floors.peak, best);
    if (unit == "GB/s") floors.bandwidth = std::max(floors.bandwidth, best);
  }
  if (floors.bandwidth <= 0 || floors.peak <= 0) {
    throw std::runtime_error("--floors=" + path + ": no figures for " + std::to_string(threads) +
                             " threads");
  }
  return floors;
}

}  // namespace

BenchArguments take_arguments(int& argc, char** argv) {
  constexpr std::string_view kThreads = "--threads=";
  constexpr std::string_view kFloors = "--floors=";
  BenchArguments arguments;
  std::string floors;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(kThreads)) {
      arguments.threads = parse_threads(argument.substr(kThreads.size()));
    } else if (argument.starts_with(kFloors)) {
      floors = argument.substr(kFloors.size());
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  if (!floors.empty()) {
    const std::int32_t threads =
        arguments.threads == 0 ? tools::usable_threads() : arguments.threads;
    arguments.floors = read_floors(floors, threads);
  }
  return arguments;
}

}  // namespace quire::perf
