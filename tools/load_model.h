// From EngineOptions to what computes: the device, and the model prepared for it.
#pragma once

#include <memory>
#include <string>

#include "engine/model.h"
#include "kernels/backend.h"
#include "tools/engine_options.h"
#include "tools/memory_plan.h"

namespace quire::tools {

/// Throws DeviceError.
std::unique_ptr<kernels::Backend> make_backend(const EngineOptions& options);

/// What its device has room for now.
MemoryLimits memory_limits(const kernels::Backend& backend);

/// Folder name of the model, or the embedded model's.
std::string model_name(const EngineOptions& options);

/// Weights that cannot fit are refused before the work. Throws LoadError, DeviceError or PlanError.
engine::Model load_model(const EngineOptions& options, kernels::Backend& backend,
                         const engine::LoadProgress& progress);

}  // namespace quire::tools
