#include "kernels/opencl/cl_backend.h"

#include <algorithm>

#include "kernels/devices.h"
#include "kernels/invariant.h"
#include "kernels/opencl/cl_kv_cache.h"
#include "kernels/opencl/cl_probes.h"
#include "kernels/opencl/cl_tuning.h"

namespace quire::kernels {
namespace opencl {
namespace {

// Of a device's memory, for what the driver keeps to itself and for scratch: buffers that grow with
// the largest step.
constexpr std::size_t kReservedShare = 16;  // one in so many

ClKernels make_kernels(const ClContext& context, const OpenClTuning& asked) {
  const int path = dot_path(context.device());
  return {path, chosen_tuning(context, path, asked)};
}

}  // namespace

ClBackend::ClBackend(ClDevice device, const OpenClOptions& options)
    : context_(std::move(device), ProgramCache(cache_folder())),
      kernels_(make_kernels(context_, options.tuning)) {}

ClBackend::~ClBackend() = default;

std::string ClBackend::describe() const {
  const ClDevice& device = context_.device();
  return name_of(device.index) + " (" + device.name + ", " +
         device.platform_name + " " + device.driver + "), " +
         std::to_string(device.compute_units) + " compute units";
}

std::optional<DeviceMemory> ClBackend::memory() const {
  const ClDevice& device = context_.device();
  const std::size_t taken = context_.used_bytes() + device.memory / kReservedShare;
  return DeviceMemory{.available = device.memory - std::min(device.memory, taken),
                      .largest = device.largest_allocation,
                      .shares_host = device.shares_host_memory};
}

std::unique_ptr<Buffer> ClBackend::allocate(std::size_t floats) {
  return std::make_unique<ClBuffer>(context_, floats);
}

void ClBackend::upload(Buffer& to, std::size_t offset, std::span<const float> from) {
  prepared_.reset();
  INVARIANT(offset + from.size() <= to.floats(), "an upload lies inside its buffer");
  context_.write(static_cast<ClBuffer&>(to).memory(), offset * sizeof(float), from.size_bytes(),
                 from.data());
}

void ClBackend::download(const Matrix& from, std::span<float> to) {
  const auto rows = static_cast<std::size_t>(from.rows);
  const auto cols = static_cast<std::size_t>(from.cols);
  INVARIANT(to.size() == rows * cols, "a download fits its target");
  (void)view_of(from);
  context_.read(memory_of(from),
                {.offset = from.offset * sizeof(float),
                 .row_bytes = cols * sizeof(float),
                 .rows = rows,
                 .pitch = static_cast<std::size_t>(from.stride) * sizeof(float)},
                to.data());
}

std::unique_ptr<Weight> ClBackend::prepare_weight(const WeightSource& source) {
  auto weight = std::make_unique<ClWeight>(context_, source);
  if (std::find(formats_.begin(), formats_.end(), weight->format()) == formats_.end()) {
    formats_.push_back(weight->format());
  }
  return weight;
}

std::unique_ptr<KvCache> ClBackend::make_kv_cache(const KvCacheShape& shape) {
  auto cache = std::make_unique<ClKvCache>(context_, shape);
  build_kernels(shape.dtype);
  return cache;
}

/// A program that does not build must be found before the first request, and no request should
/// wait for a compiler.
void ClBackend::build_kernels(DType cache) {
  if (formats_.empty()) return;  // no model: whoever calls single ops builds them one by one
  for (LazyKernel* kernel : {&kernels_.embed, &kernels_.gate, &kernels_.gate_quantize,
                             &kernels_.gather_rows, &kernels_.quantize, &kernels_.rms_norm,
                             &kernels_.rms_norm_quantize, &kernels_.rope_angles,
                             &kernels_.rope_store, &kernels_.attention_merge}) {
    kernel->get(context_);
  }
  kernels_.attention(cache).get(context_);
  for (const PackedFormat& format : formats_) {
    for (ClKernels::Linear& linear : kernels_.linear(format)) linear.kernel.get(context_);
  }
}

void ClBackend::begin_step(const BatchView& batch) {
  prepared_.reset();
  batch_.bind(context_, batch);
}

}  // namespace opencl

std::unique_ptr<Backend> make_opencl_backend(const OpenClOptions& options) {
  return std::make_unique<opencl::ClBackend>(opencl::device_at(options.device), options);
}

}  // namespace quire::kernels
