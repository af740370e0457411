// The KV cache of the CPU backend: [blocks][layers][kv_heads] K tile and V tile. kernels/README.md
// has the picture of a tile. Blocks come first, so that new tokens reach new pages one by one and
// not all layers at once.
#pragma once

#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/packed_memory.h"
#include "kernels/kv_cache.h"

namespace quire::kernels::cpu {

/// Thread: as KvCache. Memory is reserved at construction and touched on first use.
class KvArena final : public KvCache {
 public:
  /// Throws DeviceError for a dtype other than f32, bf16 and int8, for an odd head_dim (int8: one
  /// that is no multiple of 4 or above 512), or when memory runs out.
  explicit KvArena(const KvCacheShape& shape);

  const KvCacheShape& shape() const noexcept override { return shape_; }
  KvLayer layer(std::int32_t index) const;

 private:
  KvCacheShape shape_;
  PackedMemory memory_;
};

}  // namespace quire::kernels::cpu
