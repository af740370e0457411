// The KV cache of the CPU backend: [layers][blocks][kv_heads] K tile and V tile. kernels/README.md
// has the picture of a tile.
#pragma once

#include "kernels/cpu/kernel_table.h"
#include "kernels/kv_cache.h"

namespace quire::kernels::cpu {

/// Thread: as KvCache. Memory is reserved at construction and touched on first use.
class KvArena final : public KvCache {
 public:
  /// Throws DeviceError for a dtype other than f32 and bf16, an odd head_dim, or when memory runs
  /// out.
  explicit KvArena(const KvCacheShape& shape);
  ~KvArena() override;

  const KvCacheShape& shape() const noexcept override { return shape_; }
  KvLayer layer(std::int32_t index) const;

 private:
  KvCacheShape shape_;
  std::byte* memory_;
};

}  // namespace quire::kernels::cpu
