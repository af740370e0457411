// The demo model that is linked into the binary (recipe: tools/demo_model/README.md).
#pragma once

#include "engine/model_files.h"

namespace quire::tools {

/// The name under which the embedded model is served.
inline constexpr const char* kEmbeddedModelName = "quire-demo";

/// Its files, straight from the binary's read-only pages. Thread: any.
engine::ModelFiles embedded_model_files();

}  // namespace quire::tools
