#include "kernels/cpu/kv_arena.h"

#include <string>

#include "kernels/cpu/cpu_buffer.h"
#include "kernels/devices.h"
#include "kernels/invariant.h"

namespace quire::kernels::cpu {
namespace {

static_assert(kTileTokens == kBlockTokens, "a tile holds the tokens of a block");

const KvCacheShape& checked(const KvCacheShape& shape) {
  INVARIANT(shape.layers > 0 && shape.blocks > 0 && shape.kv_heads > 0 && shape.head_dim > 0,
            "a KV cache has a positive shape");
  if (shape.dtype != DType::f32 && shape.dtype != DType::bf16) {
    throw DeviceError("KV cache dtype " + std::string(name_of(shape.dtype)) +
                      " is not supported; supported: f32, bf16");
  }
  if (shape.head_dim % 2 != 0) {
    throw DeviceError("KV cache head_dim " + std::to_string(shape.head_dim) + " is odd");
  }
  return shape;
}

}  // namespace

KvArena::KvArena(const KvCacheShape& shape)
    : shape_(checked(shape)),
      memory_(static_cast<std::byte*>(allocate_aligned(
          shape.block_bytes() * static_cast<std::size_t>(shape.blocks), "the KV cache"))) {}

KvArena::~KvArena() {
  free_aligned(memory_);
}

KvLayer KvArena::layer(std::int32_t index) const {
  INVARIANT(index >= 0 && index < shape_.layers, "a layer exists");
  const std::size_t block_bytes = shape_.block_bytes() / static_cast<std::size_t>(shape_.layers);
  const std::size_t head_bytes = block_bytes / static_cast<std::size_t>(shape_.kv_heads);
  return {.first = memory_ + static_cast<std::size_t>(index) *
                                 static_cast<std::size_t>(shape_.blocks) * block_bytes,
          .block_bytes = block_bytes,
          .head_bytes = head_bytes,
          .value_bytes = head_bytes / 2,
          .kv_heads = shape_.kv_heads,
          .head_dim = shape_.head_dim,
          .element = shape_.dtype == DType::bf16 ? KvElement::bf16 : KvElement::f32};
}

}  // namespace quire::kernels::cpu
