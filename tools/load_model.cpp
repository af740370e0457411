#include "tools/load_model.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "engine/model_files.h"
#include "kernels/devices.h"
#include "tools/byte_size.h"
#include "tools/embedded_model.h"
#include "tools/memory_plan.h"

namespace quire::tools {
namespace {

engine::ModelFiles open_files(const EngineOptions& options) {
  return options.model.empty() ? embedded_model_files()
                               : engine::ModelFiles::from_folder(options.model);
}

/// Weights are repacked into memory of our own: refused before the work when they cannot fit.
void check_weights_fit(const engine::ModelFiles& files, std::size_t available) {
  std::size_t bytes = 0;
  for (const std::string& name : files.names()) {
    if (!name.ends_with(".safetensors")) continue;
    if (const auto file = files.find(name)) bytes += file->size();
  }
  if (bytes > available) {
    throw PlanError(fmt::format("the weights in {} take {} and {} are available", files.origin(),
                                format_byte_size(bytes), format_byte_size(available)));
  }
}

}  // namespace

std::unique_ptr<kernels::Backend> make_backend(const EngineOptions& options) {
  if (options.device == "reference") return kernels::make_reference_backend();
  if (const auto index = opencl_index(options.device)) {
    if (options.threads != 0) {
      throw kernels::DeviceError("--threads is for --device cpu; " + options.device +
                                 " uses the whole device");
    }
    return kernels::make_opencl_backend({.device = *index});
  }
  return kernels::make_cpu_backend({.threads = options.threads, .isa = ""});
}

MemoryLimits memory_limits(const kernels::Backend& backend) {
  const auto device = backend.memory();
  if (!device) return {.available = available_memory()};
  if (!device->shares_host) {
    return {.available = device->available, .largest = device->largest, .kv_share = kOwnKvShare};
  }
  return {.available = std::min(device->available, available_memory()),
          .largest = device->largest};
}

std::string model_name(const EngineOptions& options) {
  if (options.model.empty()) return kEmbeddedModelName;
  const auto folder = std::filesystem::weakly_canonical(options.model);
  return folder.filename().string();
}

engine::Model load_model(const EngineOptions& options, kernels::Backend& backend,
                         const engine::LoadProgress& progress) {
  engine::ModelFiles files = open_files(options);
  check_weights_fit(files, memory_limits(backend).available);
  return engine::Model::load(std::move(files), backend, progress);
}

}  // namespace quire::tools
