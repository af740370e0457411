// The paged KV cache as the kernels see it: an arena of fixed-size blocks for all layers.
// Who owns which block is the scheduler's business; blocks are never cleared, only overwritten.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/dtype.h"

namespace quire::kernels {

/// Index of a block in the arena, [0, blocks).
enum class BlockId : std::int32_t {};

/// Tokens per block. 16 as in vLLM: small enough to share prefixes well, and a multiple of every
/// SIMD width in use.
inline constexpr std::int32_t kBlockTokens = 16;

struct KvCacheShape {
  std::int32_t layers = 0;
  std::int32_t blocks = 0;
  std::int32_t kv_heads = 0;
  std::int32_t head_dim = 0;
  DType dtype = DType::bf16;  // f32, bf16 or int8

  /// Elements of K and V of one block over all layers.
  constexpr std::size_t block_elements() const noexcept {
    return block_vectors() * static_cast<std::size_t>(head_dim);
  }
  /// Bytes of K and V of one block over all layers, the scales of int8 included.
  constexpr std::size_t block_bytes() const noexcept {
    const std::size_t scales = dtype == DType::int8 ? block_vectors() * sizeof(float) : 0;
    return block_elements() * size_of(dtype) + scales;
  }

 private:
  /// K and V of one token and kv head are a vector each.
  constexpr std::size_t block_vectors() const noexcept {
    return std::size_t{2} * static_cast<std::size_t>(layers) * static_cast<std::size_t>(kv_heads) *
           static_cast<std::size_t>(kBlockTokens);
  }
};

/// Arena made by a backend; its layout is private to the backend. Thread: engine only.
class KvCache {
 public:
  KvCache() = default;
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;
  virtual ~KvCache() = default;

  virtual const KvCacheShape& shape() const noexcept = 0;
};

}  // namespace quire::kernels
