// Paged attention with an online softmax over groups of 64 positions aligned to absolute positions.
//
// A query is one (row, head). Up to four queries of one kv head walk the cache together and share
// its loads, yet each has its own maximum, sum and accumulators, updated in an order that its
// position and the window alone decide:
//   score(t)  = even + odd, each a chain of multiply-adds over the even (odd) indices of head_dim;
//   per group: m' = max(m, scores), c = e^(m - m'), sum = sum * c + p, out = out * c, and then
//   out += p(t) * V(t) for t ascending, where p(t) = e^(score(t) - m').
// Positions outside [lo, hi) never enter the sums: what the cache holds there may be anything.
#include "kernels/cpu/isa/kv_tile.h"
#include "kernels/cpu/isa/math.h"
#include "kernels/cpu/isa/ops.h"

namespace quire::kernels::QUIRE_ISA {
namespace {

constexpr std::int32_t kGroup = 64;  // positions per softmax update: K and V of a group fit in L1
constexpr std::int32_t kTile = cpu::kTileTokens;
constexpr std::int32_t kShared = 4;  // queries that share loads: 8 chains fill two FMA pipes
constexpr std::int32_t kHeadsAtOnce = 8;
constexpr std::int32_t kMaxQueries = cpu::kTileRows * kHeadsAtOnce;

struct Query {
  const float* q;
  float* out;
  std::int32_t lo, hi;  // positions that it sees
  float largest, sum;   // softmax state over the groups so far
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
};

QUIRE_INLINE const std::byte* k_tile(const Head& head, std::int32_t position) {
  const auto block = static_cast<std::size_t>(head.blocks[position / kTile]);
  return head.first + block * head.block_bytes;
}

/// The part of [lo, hi) inside the group that starts at `group`; begin >= end if there is none.
QUIRE_INLINE Span inside(const Query& query, std::int32_t group) {
  return {query.lo > group ? query.lo : group,
          query.hi < group + kGroup ? query.hi : group + kGroup};
}

/// weights[i][t - group] = score of query i at t, for all t of the blocks that `span` touches.
template <class Tiles, int kCount>
void score(const Head& head, const Query* queries, Span span, std::int32_t group,
           float (*weights)[kGroup]) {
  for (std::int32_t t = span.begin / kTile * kTile; t < span.end; t += kTile) {
    const std::byte* keys = k_tile(head, t);
    for (std::int32_t token = 0; token < kTile; token += kLanes) {
      F32 even[kCount] = {}, odd[kCount] = {};
      for (std::int32_t pair = 0; pair < head.dim / 2; ++pair) {
        const Pair k = Tiles::keys(keys, pair, token);
        for (int i = 0; i < kCount; ++i) {
          even[i] = fma(broadcast(queries[i].q[2 * pair]), k.even, even[i]);
          odd[i] = fma(broadcast(queries[i].q[2 * pair + 1]), k.odd, odd[i]);
        }
      }
      for (int i = 0; i < kCount; ++i) {
        store(weights[i] + (t - group + token), (even[i] + odd[i]) * head.scale);
      }
    }
  }
}

/// Turns the scores at [span) of a group into weights and updates the query's softmax state.
void soften(Query& query, Span span, std::int32_t group, std::int32_t dim, float* weights) {
  const float minus_infinity = -__builtin_inff();
  const std::int32_t begin = span.begin - group, end = span.end - group;
  for (std::int32_t i = 0; i < begin; ++i) weights[i] = minus_infinity;
  for (std::int32_t i = end; i < kGroup; ++i) weights[i] = minus_infinity;
  F32 largest = broadcast(query.largest);
  for (std::int32_t i = 0; i < kGroup; i += kLanes) largest = max(largest, load(weights + i));
  const float now = reduce_max(largest);
  F32 sum{};
  for (std::int32_t i = 0; i < kGroup; i += kLanes) {
    const F32 weight = exp(load(weights + i) - now);
    store(weights + i, weight);
    sum = sum + weight;
  }
  const float correction = exp(broadcast(query.largest - now))[0];
  query.sum = query.sum * correction + reduce_add(sum);
  query.largest = now;
  if (correction == 1.0F) return;
  std::int32_t d = 0;
  for (; d + kLanes <= dim; d += kLanes) store(query.out + d, load(query.out + d) * correction);
  for (; d < dim; ++d) query.out[d] *= correction;
}

/// out[i] += weight(t) * V(t) for t in span, ascending, for kVectors vectors of head_dim from d; a
/// single vector may be partial (count < kLanes).
template <class Tiles, int kCount, int kVectors>
QUIRE_INLINE void mix_columns(const Head& head, const Query* queries, Span span, std::int32_t group,
                              const float (*weights)[kGroup], std::int32_t d, int count) {
  F32 sums[kCount][kVectors];
  for (int i = 0; i < kCount; ++i) {
    for (int j = 0; j < kVectors; ++j) {
      sums[i][j] = load_first(queries[i].out + d + j * kLanes, count);
    }
  }
  std::int32_t t = span.begin;
  while (t < span.end) {
    const std::byte* values = k_tile(head, t) + head.value_bytes;
    const std::int32_t tile = t / kTile * kTile;
    const std::int32_t end = tile + kTile < span.end ? tile + kTile : span.end;
    const auto one = [&] {
      for (int j = 0; j < kVectors; ++j) {
        const F32 v = Tiles::value(values, t - tile, d + j * kLanes, head.dim, count);
        for (int i = 0; i < kCount; ++i) {
          sums[i][j] = fma(broadcast(weights[i][t - group]), v, sums[i][j]);
        }
      }
      ++t;
    };
    if (t % 2 != 0) one();
    for (; t + 2 <= end; t += 2) {
      for (int j = 0; j < kVectors; ++j) {
        const Pair v = Tiles::values(values, (t - tile) / 2, d + j * kLanes, head.dim, count);
        for (int i = 0; i < kCount; ++i) {
          sums[i][j] = fma(broadcast(weights[i][t - group]), v.even, sums[i][j]);
          sums[i][j] = fma(broadcast(weights[i][t - group + 1]), v.odd, sums[i][j]);
        }
      }
    }
    if (t < end) one();
  }
  for (int i = 0; i < kCount; ++i) {
    for (int j = 0; j < kVectors; ++j) {
      store_first(queries[i].out + d + j * kLanes, sums[i][j], count);
    }
  }
}

template <class Tiles, int kCount>
void mix(const Head& head, const Query* queries, Span span, std::int32_t group,
         const float (*weights)[kGroup]) {
  if (span.begin >= span.end) return;
  constexpr int kVectors = kCount > 2 ? 2 : 4;  // 8 chains, or as many as there are for one query
  std::int32_t d = 0;
  for (; d + kVectors * kLanes <= head.dim; d += kVectors * kLanes) {
    mix_columns<Tiles, kCount, kVectors>(head, queries, span, group, weights, d, kLanes);
  }
  for (; d < head.dim; d += kLanes) {
    const int count = head.dim - d < kLanes ? head.dim - d : kLanes;
    mix_columns<Tiles, kCount, 1>(head, queries, span, group, weights, d, count);
  }
}

/// One group of positions for kCount queries.
template <class Tiles, int kCount>
void step(const Head& head, Query* queries, std::int32_t group) {
  Span spans[kCount];
  Span any = {group + kGroup, group}, all = {group, group + kGroup};
  for (int i = 0; i < kCount; ++i) {
    const Span span = spans[i] = inside(queries[i], group);
    if (span.begin >= span.end) continue;
    if (span.begin < any.begin) any.begin = span.begin;
    if (span.end > any.end) any.end = span.end;
  }
  if (any.begin >= any.end) return;
  float weights[kCount][kGroup];
  score<Tiles, kCount>(head, queries, any, group, weights);
  for (int i = 0; i < kCount; ++i) {
    const Span span = spans[i];
    if (span.begin < span.end) soften(queries[i], span, group, head.dim, weights[i]);
    if (span.begin > all.begin) all.begin = span.begin;
    if (span.end < all.end) all.end = span.end;
  }
  if (kCount == 1) return mix<Tiles, kCount>(head, queries, all, group, weights);
  // Each query takes what only some see one by one, in the order of positions.
  const bool shared = all.begin < all.end;
  for (int i = 0; i < kCount; ++i) {
    const Span before = {spans[i].begin, shared ? all.begin : spans[i].end};
    mix<Tiles, 1>(head, queries + i, before, group, weights + i);
  }
  if (!shared) return;
  mix<Tiles, kCount>(head, queries, all, group, weights);
  for (int i = 0; i < kCount; ++i) {
    mix<Tiles, 1>(head, queries + i, {all.end, spans[i].end}, group, weights + i);
  }
}

template <class Tiles>
void attend(const Head& head, Query* queries, std::int32_t count) {
  std::int32_t first = INT32_MAX, end = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    if (queries[i].lo < first) first = queries[i].lo;
    if (queries[i].hi > end) end = queries[i].hi;
  }
  for (std::int32_t group = first / kGroup * kGroup; group < end; group += kGroup) {
    std::int32_t i = 0;
    for (; i + kShared <= count; i += kShared) step<Tiles, kShared>(head, queries + i, group);
    if (i + 2 <= count) {
      step<Tiles, 2>(head, queries + i, group);
      i += 2;
    }
    if (i < count) step<Tiles, 1>(head, queries + i, group);
  }
  for (std::int32_t i = 0; i < count; ++i) {
    for (std::int32_t d = 0; d < head.dim; ++d) queries[i].out[d] /= queries[i].sum;
  }
}

/// The rows of a tile with `heads` query heads from `first_head`.
std::int32_t make_queries(const cpu::AttentionItems& items, const cpu::RowTile& tile,
                          std::int32_t first_head, std::int32_t heads, Query* queries) {
  const std::int32_t dim = items.cache.head_dim;
  std::int32_t count = 0;
  for (std::int32_t r = 0; r < tile.rows; ++r) {
    const auto row = static_cast<std::size_t>(tile.first_row + r);
    const std::int32_t position = tile.first_position + r;
    const std::int32_t lo =
        items.window > 0 && position >= items.window ? position - items.window + 1 : 0;
    for (std::int32_t h = first_head; h < first_head + heads; ++h) {
      Query& query = queries[count++];
      query = {items.q.first + row * items.q.stride + static_cast<std::ptrdiff_t>(h) * dim,
               items.out.first + row * items.out.stride + static_cast<std::ptrdiff_t>(h) * dim,
               lo,
               position + 1,
               -__builtin_inff(),
               0.0F};
      for (std::int32_t d = 0; d < dim; ++d) query.out[d] = 0.0F;
    }
  }
  return count;
}

}  // namespace

void attention(const cpu::AttentionItems& items, std::int64_t begin, std::int64_t end) {
  const cpu::KvLayer& cache = items.cache;
  for (std::int64_t item = begin; item < end; ++item) {
    const cpu::RowTile& tile = items.tiles[item / cache.kv_heads];
    const auto kv_head = static_cast<std::int32_t>(item % cache.kv_heads);
    const Head head = {cache.first + static_cast<std::size_t>(kv_head) * cache.head_bytes,
                       cache.block_bytes,
                       cache.value_bytes,
                       tile.blocks,
                       cache.head_dim,
                       items.scale};
    for (std::int32_t h = 0; h < items.heads_per_kv; h += kHeadsAtOnce) {
      const std::int32_t left = items.heads_per_kv - h;
      Query queries[kMaxQueries];
      const std::int32_t count = make_queries(items, tile, kv_head * items.heads_per_kv + h,
                                              left < kHeadsAtOnce ? left : kHeadsAtOnce, queries);
      if (cache.element == cpu::KvElement::bf16) {
        attend<Bf16Tiles>(head, queries, count);
      } else {
        attend<F32Tiles>(head, queries, count);
      }
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
