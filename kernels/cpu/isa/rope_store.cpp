#include "kernels/cpu/isa/norm.h"
#include "kernels/cpu/isa/ops.h"

namespace quire::kernels::QUIRE_ISA {
namespace {

/// Rotates the pairs (i, i + half) of one head.
void rotate(float* head, const float* angles, std::int32_t half) {
  for (std::int32_t i = 0; i < half; i += kLanes) {
    const int count = half - i < kLanes ? half - i : kLanes;
    const F32 cosine = load_first(angles + i, count);
    const F32 sine = load_first(angles + half + i, count);
    const F32 a = load_first(head + i, count);
    const F32 b = load_first(head + half + i, count);
    store_first(head + i, a * cosine - b * sine, count);
    store_first(head + half + i, b * cosine + a * sine, count);
  }
}

void place_heads(float* heads, std::int32_t count, const float* gain, const float* angles,
                 const cpu::RopeStoreRows& rows) {
  const std::int32_t dim = rows.cache.head_dim;
  for (std::int32_t h = 0; h < count; ++h) {
    float* head = heads + static_cast<std::ptrdiff_t>(h) * dim;
    if (gain != nullptr) {
      scale_by(head, inverse_rms(head, dim, rows.norm_epsilon), gain, dim, head);
    }
    rotate(head, angles, rows.rotary_dim / 2);
  }
}

QUIRE_INLINE std::uint16_t bf16_of(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

/// One token's K and V of one kv head into slot `slot` of their tiles. Neighbouring slots belong to
/// other rows, maybe other threads: every element is written alone.
void store_bf16(const float* k, const float* v, std::uint16_t* k_tile, std::uint16_t* v_tile,
                std::int32_t slot, std::int32_t dim) {
  for (std::int32_t d = 0; d < dim; ++d) {
    k_tile[(d / 2 * cpu::kTileTokens + slot) * 2 + d % 2] = bf16_of(k[d]);
    v_tile[(slot / 2 * dim + d) * 2 + slot % 2] = bf16_of(v[d]);
  }
}

void store_f32(const float* k, const float* v, float* k_tile, float* v_tile, std::int32_t slot,
               std::int32_t dim) {
  for (std::int32_t d = 0; d < dim; ++d) {
    k_tile[d * cpu::kTileTokens + slot] = k[d];
    v_tile[slot * dim + d] = v[d];
  }
}

}  // namespace

void rope_store(const cpu::RopeStoreRows& rows, std::int64_t begin, std::int64_t end) {
  const cpu::KvLayer& cache = rows.cache;
  const std::int32_t dim = cache.head_dim;
  for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
    const float* angles = rows.angles.first + r * rows.angles.stride;
    float* k = rows.k.first + r * rows.k.stride;
    const float* v = rows.v.first + r * rows.v.stride;
    place_heads(rows.q.first + r * rows.q.stride, rows.heads, rows.q_gain, angles, rows);
    place_heads(k, cache.kv_heads, rows.k_gain, angles, rows);
    const std::int32_t position = rows.positions[r];
    const auto block = static_cast<std::size_t>(rows.blocks[r][position / cpu::kTileTokens]);
    const std::int32_t slot = position % cpu::kTileTokens;
    std::byte* k_tile = cache.first + block * cache.block_bytes;
    for (std::int32_t h = 0; h < cache.kv_heads; ++h, k_tile += cache.head_bytes) {
      std::byte* v_tile = k_tile + cache.value_bytes;
      const std::ptrdiff_t head = static_cast<std::ptrdiff_t>(h) * dim;
      if (cache.element == cpu::KvElement::bf16) {
        store_bf16(k + head, v + head, reinterpret_cast<std::uint16_t*>(k_tile),
                   reinterpret_cast<std::uint16_t*>(v_tile), slot, dim);
      } else {
        store_f32(k + head, v + head, reinterpret_cast<float*>(k_tile),
                  reinterpret_cast<float*>(v_tile), slot, dim);
      }
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
