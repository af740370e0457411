// Scratch of the linear op that outlives a call: grown to the largest batch seen, never per token.
#pragma once

namespace quire::kernels::cpu {

struct LinearScratch {};

}  // namespace quire::kernels::cpu
