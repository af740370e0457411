// Loops that do nothing but one kind of arithmetic, each for CPUs that have the instructions.
#pragma once

#include <cstdint>
#include <span>

namespace quire::perf {

struct PeakLoop {
  const char* name;     // "int8 dot, AMX"
  bool (*supported)();  // by this CPU and its operating system
  void (*run)();        // on the calling thread
  double operations;    // multiplications and additions of one run
};

/// Every loop there is, matrix units first. Thread: any.
std::span<const PeakLoop> peak_loops();

}  // namespace quire::perf
