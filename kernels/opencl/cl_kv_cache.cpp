#include "kernels/opencl/cl_kv_cache.h"

#include <string>

#include "kernels/devices.h"
#include "kernels/invariant.h"

namespace quire::kernels::opencl {
namespace {

// What the local memory of attention holds: QUERIES vectors of head_dim floats.
constexpr std::int32_t kMostHeadDim = 512;

const KvCacheShape& checked(const KvCacheShape& shape) {
  INVARIANT(shape.layers > 0 && shape.blocks > 0 && shape.kv_heads > 0 && shape.head_dim > 0,
            "a KV cache has a positive shape");
  const std::string head_dim = "KV cache head_dim " + std::to_string(shape.head_dim);
  if (shape.dtype == DType::f16) {
    throw DeviceError("KV cache dtype f16 is not supported; supported: f32, bf16, int8");
  }
  if (shape.head_dim > kMostHeadDim) {
    throw DeviceError(head_dim + " is above " + std::to_string(kMostHeadDim));
  }
  if (shape.head_dim % 2 != 0) throw DeviceError(head_dim + " is odd");
  if (shape.dtype == DType::int8 && shape.head_dim % 4 != 0) {
    throw DeviceError(head_dim + " cannot be int8: a multiple of 4 can");
  }
  return shape;
}

}  // namespace

ClKvCache::ClKvCache(ClContext& context, const KvCacheShape& shape) : shape_(checked(shape)) {
  const std::size_t bytes =
      block_words() * sizeof(cl_uint) * static_cast<std::size_t>(shape.blocks);
  const ClDevice& device = context.device();
  if (bytes > device.largest_allocation) {
    throw DeviceError("one layer of a KV cache of " + std::to_string(shape.blocks) +
                      " blocks takes " + std::to_string(bytes) + " bytes, and " + device.name +
                      " allocates at most " + std::to_string(device.largest_allocation) +
                      " at once");
  }
  for (std::int32_t i = 0; i < shape.layers; ++i) {
    layers_.push_back(context.allocate(bytes, "the KV cache"));
  }
}

cl_mem ClKvCache::layer(std::int32_t index) const {
  INVARIANT(index >= 0 && index < shape_.layers, "a layer exists");
  return layers_[static_cast<std::size_t>(index)].get();
}

std::size_t ClKvCache::block_words() const noexcept {
  return shape_.block_bytes() / static_cast<std::size_t>(shape_.layers) / sizeof(cl_uint);
}

}  // namespace quire::kernels::opencl
