// What a benchmark prints about where it ran.
#pragma once

#include <string>

namespace quire::tools {

/// "AMD EPYC 9575F, 2 cores usable": /proc/cpuinfo and the affinity mask.
std::string machine_name();
int usable_threads();
/// "gcc 12.2.0, Release"
std::string build_name();

}  // namespace quire::tools
