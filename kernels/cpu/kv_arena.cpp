#include "kernels/cpu/kv_arena.h"

#include <string>

#include "kernels/devices.h"
#include "kernels/invariant.h"

namespace quire::kernels::cpu {
namespace {

static_assert(kTileTokens == kBlockTokens, "a tile holds the tokens of a block");

// A score sums head_dim products of codes up to 127 and 32767: 512 of them fit in 31 bits.
constexpr std::int32_t kMostInt8Dim = 512;

const KvCacheShape& checked(const KvCacheShape& shape) {
  INVARIANT(shape.layers > 0 && shape.blocks > 0 && shape.kv_heads > 0 && shape.head_dim > 0,
            "a KV cache has a positive shape");
  const std::string head_dim = "KV cache head_dim " + std::to_string(shape.head_dim);
  if (shape.dtype == DType::f16) {
    throw DeviceError("KV cache dtype f16 is not supported; supported: f32, bf16, int8");
  }
  if (shape.head_dim % 2 != 0) throw DeviceError(head_dim + " is odd");
  if (shape.dtype == DType::int8 && (shape.head_dim % 4 != 0 || shape.head_dim > kMostInt8Dim)) {
    throw DeviceError(head_dim + " cannot be int8: a multiple of 4 up to " +
                      std::to_string(kMostInt8Dim) + " can");
  }
  return shape;
}

KvElement element_of(DType dtype) {
  if (dtype == DType::int8) return KvElement::int8;
  return dtype == DType::bf16 ? KvElement::bf16 : KvElement::f32;
}

}  // namespace

KvArena::KvArena(const KvCacheShape& shape)
    : shape_(checked(shape)),
      memory_(shape.block_bytes() * static_cast<std::size_t>(shape.blocks), "the KV cache") {}

KvLayer KvArena::layer(std::int32_t index) const {
  INVARIANT(index >= 0 && index < shape_.layers, "a layer exists");
  const std::size_t layer_bytes = shape_.block_bytes() / static_cast<std::size_t>(shape_.layers);
  const std::size_t head_bytes = layer_bytes / static_cast<std::size_t>(shape_.kv_heads);
  return {.first = memory_.begin() + static_cast<std::size_t>(index) * layer_bytes,
          .block_bytes = shape_.block_bytes(),
          .head_bytes = head_bytes,
          .value_bytes = head_bytes / 2,
          .kv_heads = shape_.kv_heads,
          .head_dim = shape_.head_dim,
          .element = element_of(shape_.dtype)};
}

}  // namespace quire::kernels::cpu
