// Counts what operator new hands out, for tests of code that must not allocate. Linking the .cpp
// file replaces the operators new and delete of the whole binary.
#pragma once

#include <cstdint>

namespace quire::testing_support {

/// Allocations of all threads since the start. Thread: any.
std::int64_t allocation_count() noexcept;

}  // namespace quire::testing_support
