// INVARIANT(condition, "what must hold"): aborts with file and line on a bug of ours.
// Never reachable from a client, a file or a flag: those get a value or an exception instead.
#pragma once

namespace quire::kernels {

/// Prints `file:line: invariant violated: what` to stderr and aborts. Thread: any.
[[noreturn]] void invariant_violated(const char* file, int line, const char* what) noexcept;

}  // namespace quire::kernels

#define INVARIANT(condition, what)                                          \
  do {                                                                      \
    if (!(condition)) [[unlikely]] {                                        \
      ::quire::kernels::invariant_violated(__FILE__, __LINE__, what);       \
    }                                                                       \
  } while (false)
