#include "kernels/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace quire::kernels {

void invariant_violated(const char* file, int line, const char* what) noexcept {
  std::fprintf(stderr, "%s:%d: invariant violated: %s\n", file, line, what);
  std::abort();
}

}  // namespace quire::kernels
