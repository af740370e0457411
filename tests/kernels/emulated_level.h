// The test's door to an ISA level that this machine lacks. `amx`: its real kernels run, and an emulator
// (amx_emulator.h) executes what the CPU refuses. `avx2vnni`: the same source in another encoding of
// the same instructions. The product has no such door.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/devices.h"

namespace quire::kernels {

/// "" where tests can run the level, natively or by a stand-in; else why not.
std::string missing_to_test(const Device& device);

/// A backend of the level. REQUIRES: missing_to_test(device) is "".
std::unique_ptr<Backend> make_level_backend(const Device& device, std::int32_t threads);

}  // namespace quire::kernels
