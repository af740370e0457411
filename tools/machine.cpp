#include "tools/machine.h"

#include <sched.h>

#include <fstream>

namespace quire::tools {

int usable_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string machine_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string name = "unknown CPU";
  for (std::string line; std::getline(cpuinfo, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      name = line.substr(colon + 2);
      break;
    }
  }
  return name + ", " + std::to_string(usable_threads()) + " cores usable";
}

std::string build_name() {
  return "gcc " __VERSION__ ", " QUIRE_BUILD_TYPE;
}

}  // namespace quire::tools
