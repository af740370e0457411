#include "kernels/cpu/isa/norm.h"
#include "kernels/cpu/isa/ops.h"
#include "kernels/cpu/isa/quantize.h"

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

// One token's K and V of one kv head into slot `slot` of their tiles. Neighbouring slots belong to
// other rows, maybe other threads: nothing but the token's own elements is written.

void store_bf16(const float* k, const float* v, std::byte* k_tile, std::byte* v_tile,
                std::int32_t slot, std::int32_t dim) {
  for (std::int32_t d = 0; d < dim; d += kLanes) {
    const int count = dim - d < kLanes ? dim - d : kLanes;
    std::uint16_t keys[kLanes], values[kLanes];
    const U16 key = bf16_of(load_first(k + d, count)), value = bf16_of(load_first(v + d, count));
    __builtin_memcpy(keys, &key, sizeof keys);
    __builtin_memcpy(values, &value, sizeof values);
    std::byte* k_to = k_tile + (d / 2 * cpu::kTileTokens + slot) * 4;
    std::byte* v_to = v_tile + (slot / 2 * dim + d) * 4 + slot % 2 * 2;
    for (int i = 0; i < count; i += 2) {
      __builtin_memcpy(k_to + i / 2 * cpu::kTileTokens * 4, keys + i, 4);
    }
    for (int i = 0; i < count; ++i) __builtin_memcpy(v_to + i * 4, values + i, 2);
  }
}

/// Codes of kLanes values at a time, given to place(d, count, codes); the scale is written last.
template <class Place>
QUIRE_INLINE void store_codes(const float* x, std::int32_t dim, std::byte* scale,
                              const Place& place) {
  const Steps steps = steps_for(largest_magnitude(x, dim), 127.0F);
  for (std::int32_t d = 0; d < dim; d += kLanes) {
    const int count = dim - d < kLanes ? dim - d : kLanes;
    const I32 wide = codes_of(load_first(x + d, count), broadcast(steps.inverse));
    const I8 narrow = __builtin_convertvector(wide, I8);
    std::int8_t codes[kLanes];
    __builtin_memcpy(codes, &narrow, sizeof codes);
    place(d, count, codes);
  }
  __builtin_memcpy(scale, &steps.step, sizeof steps.step);
}

void store_int8(const float* k, const float* v, std::byte* k_tile, std::byte* v_tile,
                std::int32_t slot, std::int32_t dim) {
  const std::int32_t scale = cpu::kTileTokens * dim + slot * 4;
  store_codes(k, dim, k_tile + scale, [&](std::int32_t d, int count, const std::int8_t* codes) {
    std::byte* to = k_tile + d * cpu::kTileTokens + slot * 4;
    for (int i = 0; i < count; i += 4) __builtin_memcpy(to + i * cpu::kTileTokens, codes + i, 4);
  });
  store_codes(v, dim, v_tile + scale, [&](std::int32_t d, int count, const std::int8_t* codes) {
    std::byte* to = v_tile + (slot / 4 * dim + d) * 4 + slot % 4;
    for (int i = 0; i < count; ++i) __builtin_memcpy(to + i * 4, codes + i, 1);
  });
}

void store_f32(const float* k, const float* v, std::byte* k_tile, std::byte* v_tile,
               std::int32_t slot, std::int32_t dim) {
  for (std::int32_t d = 0; d < dim; ++d) {
    __builtin_memcpy(k_tile + (d * cpu::kTileTokens + slot) * 4, k + d, 4);
  }
  __builtin_memcpy(v_tile + slot * dim * 4, v, static_cast<std::size_t>(dim) * 4);
}

void store_token(const cpu::KvLayer& cache, const float* k, const float* v, std::byte* k_tile,
                 std::int32_t slot) {
  std::byte* v_tile = k_tile + cache.value_bytes;
  switch (cache.element) {
    case cpu::KvElement::f32:
      return store_f32(k, v, k_tile, v_tile, slot, cache.head_dim);
    case cpu::KvElement::bf16:
      return store_bf16(k, v, k_tile, v_tile, slot, cache.head_dim);
    case cpu::KvElement::int8:
      return store_int8(k, v, k_tile, v_tile, slot, cache.head_dim);
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
      const std::ptrdiff_t head = static_cast<std::ptrdiff_t>(h) * dim;
      store_token(cache, k + head, v + head, k_tile, slot);
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
