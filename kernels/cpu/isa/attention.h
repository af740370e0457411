// What the parts of the attention kernel share: queries, the paged tiles that they read, the order
// of positions. attention_float.h and attention_int8.h compute scores and weighted sums,
// attention.cpp the softmax around them.
#pragma once

#include "kernels/cpu/isa/simd.h"
#include "kernels/cpu/kernel_table.h"

namespace quire::kernels::QUIRE_ISA {

inline constexpr std::int32_t kGroup = 64;  // positions per softmax update: K and V fit in L1
inline constexpr std::int32_t kTile = cpu::kTileTokens;
inline constexpr std::int32_t kVectorBytes = kLanes * 4;
static_assert(cpu::kPartition % kGroup == 0 && kGroup % kTile == 0);

/// One row and head within one partition.
struct Query {
  const float* q;             // [head_dim]
  const std::int32_t* codes;  // of q, for int8 caches
  float step;                 // score = step * (codes . K codes) * K scale, for int8 caches
  float* sums;                // [head_dim] weighted values, relative to `largest`
  std::int32_t lo, hi;        // positions that it sees
  float largest, sum;         // softmax state over the groups so far
};

struct Span {
  std::int32_t begin, end;
};

/// What all queries of one item share.
struct Head {
  const std::byte* first;  // K tile of block 0
  std::size_t block_bytes;
  std::size_t value_bytes;
  const BlockId* blocks;
  std::int32_t dim;
  float scale;
  std::int32_t begin, end;      // no query sees positions before or from there
  std::size_t next_head_bytes;  // from here to the kv head that is likely to follow; 0 if none
};

QUIRE_INLINE const std::byte* k_tile(const Head& head, std::int32_t position) {
  const auto block = static_cast<std::size_t>(head.blocks[position / kTile]);
  return head.first + block * head.block_bytes;
}

/// The K tile one group after `position`, of the next kv head where this one ends: to be fetched
/// while the one at `position` is read. The same tile if there is none.
QUIRE_INLINE const std::byte* next_k_tile(const Head& head, std::int32_t position) {
  if (position + kGroup < head.end) return k_tile(head, position + kGroup);
  const std::int32_t again = head.begin / kGroup * kGroup + position % kGroup;
  return k_tile(head, again < head.end ? again : position) + head.next_head_bytes;
}

/// Into the second-level cache: the first has fewer places for lines on their way from memory.
QUIRE_INLINE void fetch(const std::byte* line) {
  __builtin_prefetch(line, 0, 2);
}

/// The part of [lo, hi) inside the group that starts at `group`; begin >= end if there is none.
QUIRE_INLINE Span inside(const Query& query, std::int32_t group) {
  return {query.lo > group ? query.lo : group,
          query.hi < group + kGroup ? query.hi : group + kGroup};
}

/// Vectors of head_dim that share a query's weight in registers: with kCount queries 16 sums where
/// there are 32 registers, else 8.
template <int kCount>
constexpr int vectors_at_once() {
  if (kLanes == 16) return kCount > 4 ? 2 : 4;
  return kCount > 2 ? 2 : 4;
}

template <int kVectors>
struct Width {
  static constexpr int value = kVectors;
};

/// Calls columns(d, count, width) for all of head_dim: kVectors whole vectors while they last, then
/// single ones of `count` lanes.
template <int kVectors, class Columns>
QUIRE_INLINE void for_columns(std::int32_t dim, const Columns& columns) {
  std::int32_t d = 0;
  for (; d + kVectors * kLanes <= dim; d += kVectors * kLanes) {
    columns(d, kLanes, Width<kVectors>{});
  }
  for (; d < dim; d += kLanes) {
    columns(d, dim - d < kLanes ? dim - d : kLanes, Width<1>{});
  }
}

}  // namespace quire::kernels::QUIRE_ISA
