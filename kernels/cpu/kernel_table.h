// What baseline code and ISA code share: plain argument structs and one table of function pointers
// per ISA level. Nothing here (or included here) may define an inline function: the linker could
// keep the copy compiled with AVX for everybody.
//
// Every kernel works on items [begin, end) of its argument and is called once per part of the
// static split; an item's result never depends on begin, end or the number of parts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels {
enum class BlockId : std::int32_t;
}

namespace quire::kernels::cpu {

/// Row-major f32 [rows, cols]; row r starts at first + r * stride.
struct ConstRows {
  const float* first;
  std::size_t stride;
};
struct Rows {
  float* first;
  std::size_t stride;
};

/// The kernels of one ISA level, all compiled with that level's flags.
struct KernelTable {
  const char* isa;     // the level's name, set by the compiled code itself
  std::int32_t lanes;  // f32 per vector
  LinearKernels linear;
};

}  // namespace quire::kernels::cpu
