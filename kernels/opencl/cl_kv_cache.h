// The KV cache of the OpenCL backend: one buffer per layer, [blocks][kv_heads] K tile and V tile as in
// kernels/README.md. A layer is what one allocation of the device must hold.
#pragma once

#include <vector>

#include "kernels/kv_cache.h"
#include "kernels/opencl/cl_context.h"

namespace quire::kernels::opencl {

/// Thread: as KvCache.
class ClKvCache final : public KvCache {
 public:
  /// Throws DeviceError: an unsupported dtype or head_dim, a layer that is too large for one
  /// allocation, or memory that runs out.
  ClKvCache(ClContext& context, const KvCacheShape& shape);

  const KvCacheShape& shape() const noexcept override { return shape_; }
  cl_mem layer(std::int32_t index) const;
  /// 32-bit words of one block in one layer.
  std::size_t block_words() const noexcept;

 private:
  KvCacheShape shape_;
  std::vector<ClMemory> layers_;
};

}  // namespace quire::kernels::opencl
