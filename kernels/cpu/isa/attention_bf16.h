// Scores and weighted sums over bf16 tiles by dot products of bf16 pairs, for the levels that have the
// instruction: q and the weights are rounded to bf16, products and sums are those of `dot_bf16`:
//   score(t)  = one chain over the pairs of indices, ascending, * scale;
//   sums     += weight(t) * V(t) for pairs of positions (2i, 2i + 1), ascending.
// A pair that a query sees in part has the other value masked: positions outside a query's span
// never enter its sums, whatever the cache holds there.
#pragma once

#include "kernels/cpu/isa/attention.h"
#include "kernels/cpu/isa/bf16.h"

namespace quire::kernels::QUIRE_ISA {

struct Bf16Attention {
  /// q as bf16: [head_dim], rounded up to 16.
  static void prepare(const Head& head, Query& query, std::int32_t* codes) {
    auto* to = reinterpret_cast<std::byte*>(codes);
    for (std::int32_t d = 0; d < head.dim; d += kLanes) {
      const int count = head.dim - d < kLanes ? head.dim - d : kLanes;
      const U16 rounded = bf16_of(load_first(query.q + d, count));
      __builtin_memcpy(to + d * 2, &rounded, sizeof rounded);
    }
    query.codes = codes;
  }

  static QUIRE_INLINE F32 weight_of(F32 weight) { return round_to_bf16(weight); }

  /// weights[i][t - group] = score of query i at t, for all t of the blocks that `span` touches.
  template <int kCount>
  static void score(const Head& head, const Query* queries, Span span, std::int32_t group,
                    float (*weights)[kGroup]) {
    constexpr int kVectors = kCount > 4 ? 2 : 4;  // one broadcast of q serves so many
    const std::int32_t end = (span.end + kTile - 1) / kTile * kTile;
    std::int32_t t = span.begin / kTile * kTile;
    for (; t + kVectors * kTile <= end; t += kVectors * kTile) {
      score_tiles<kCount, kVectors>(head, queries, t, group, weights);
    }
    for (; t < end; t += kTile) score_tiles<kCount, 1>(head, queries, t, group, weights);
  }

  /// sums of query i += weights[i][t - group] * V(t) for t in spans[i], ascending.
  template <int kCount>
  static void mix(const Head& head, const Query* queries, const Span* spans, std::int32_t group,
                  const float (*weights)[kGroup]) {
    WeightPairs pairs[kCount];
    Span all = {group, group + kGroup};  // of whole pairs that every query sees
    for (int i = 0; i < kCount; ++i) {
      encode(weights[i], pairs[i]);
      const Span whole = {(spans[i].begin + 1) / 2 * 2, spans[i].end / 2 * 2};
      if (whole.begin > all.begin) all.begin = whole.begin;
      if (whole.end < all.end) all.end = whole.end;
    }
    const bool shared = kCount > 1 && all.begin < all.end;
    for (int i = 0; i < kCount; ++i) {
      mix_span<1>(head, queries + i, {spans[i].begin, shared ? all.begin : spans[i].end}, group,
                  pairs + i);
    }
    if (!shared) return;
    mix_span<kCount>(head, queries, all, group, pairs);
    for (int i = 0; i < kCount; ++i) {
      mix_span<1>(head, queries + i, {all.end, spans[i].end}, group, pairs + i);
    }
  }

 private:
  static_assert(kLanes == kTile);
  static constexpr std::uint32_t kFirst = 0xffffU, kSecond = 0xffff0000U, kBoth = 0xffffffffU;

  /// The weights of a group as bf16: [kGroup / 2] pairs of positions.
  struct WeightPairs {
    std::uint32_t pair[kGroup / 2];
  };

  static QUIRE_INLINE void encode(const float* weights, WeightPairs& pairs) {
    for (std::int32_t i = 0; i < kGroup; i += 2 * kLanes) {
      const U16x2 rounded = round_pair(load(weights + i), load(weights + i + kLanes));
      __builtin_memcpy(pairs.pair + i / 2, &rounded, sizeof rounded);
    }
  }

  template <int kCount, int kTiles>
  static QUIRE_INLINE void score_tiles(const Head& head, const Query* queries, std::int32_t t,
                                       std::int32_t group, float (*weights)[kGroup]) {
    const std::byte *keys[kTiles], *ahead[kTiles];
    for (int j = 0; j < kTiles; ++j) {
      keys[j] = k_tile(head, t + j * kTile);
      ahead[j] = next_k_tile(head, t + j * kTile);
    }
    F32 sums[kCount][kTiles] = {};
    for (std::int32_t pair = 0; pair < head.dim / 2; ++pair) {
      const std::ptrdiff_t at = std::ptrdiff_t{pair} * kVectorBytes;
      U32 k[kTiles];
      for (int j = 0; j < kTiles; ++j) {
        k[j] = load_bytes<U32>(keys[j] + at);
        fetch(ahead[j] + at);
      }
      for (int i = 0; i < kCount; ++i) {
        const U32 q = (U32)broadcast(queries[i].codes[pair]);
        for (int j = 0; j < kTiles; ++j) sums[i][j] = dot_bf16(sums[i][j], k[j], q);
      }
    }
    for (int i = 0; i < kCount; ++i) {
      for (int j = 0; j < kTiles; ++j) {
        store(weights[i] + (t - group + j * kTile), sums[i][j] * head.scale);
      }
    }
  }

  /// A span of several queries begins and ends at whole pairs.
  template <int kCount>
  static void mix_span(const Head& head, const Query* queries, Span span, std::int32_t group,
                       const WeightPairs* pairs) {
    if (span.begin >= span.end) return;
    for_columns<vectors_at_once<kCount>()>(
        head.dim, [&](std::int32_t d, int count, auto width) {
          mix_columns<kCount, decltype(width)::value>(head, queries, span, group, pairs, d, count);
        });
  }

  /// sums += weights * `values` of the pair of positions from group + `at`, those of them in `seen`.
  template <int kCount, int kVectors>
  static QUIRE_INLINE void add(const std::byte* values, int count, std::uint32_t seen,
                               const WeightPairs* pairs, std::int32_t at, F32 (*sums)[kVectors]) {
    U32 v[kVectors];
    for (int j = 0; j < kVectors; ++j) {
      v[j] = (U32)load_first(reinterpret_cast<const float*>(values + j * kVectorBytes), count);
      v[j] = v[j] & seen;
    }
    for (int i = 0; i < kCount; ++i) {
      const U32 weights = (U32)broadcast(static_cast<std::int32_t>(pairs[i].pair[at / 2]));
      for (int j = 0; j < kVectors; ++j) sums[i][j] = dot_bf16(sums[i][j], v[j], weights);
    }
  }

  template <int kCount, int kVectors>
  static QUIRE_INLINE void mix_columns(const Head& head, const Query* queries, Span span,
                                       std::int32_t group, const WeightPairs* pairs, std::int32_t d,
                                       int count) {
    F32 sums[kCount][kVectors];
    for (int i = 0; i < kCount; ++i) {
      for (int j = 0; j < kVectors; ++j) {
        sums[i][j] = load_first(queries[i].sums + d + j * kLanes, count);
      }
    }
    const std::ptrdiff_t row_bytes = std::ptrdiff_t{head.dim} * 4;
    for (std::int32_t tile = span.begin / kTile * kTile; tile < span.end; tile += kTile) {
      const std::byte* values = k_tile(head, tile) + head.value_bytes + d * 4;
      const std::byte* ahead = next_k_tile(head, tile) + head.value_bytes + d * 4;
      const std::int32_t begin = tile > span.begin ? tile : span.begin;
      const std::int32_t end = tile + kTile < span.end ? tile + kTile : span.end;
      for (std::int32_t t = begin / 2 * 2; t < end; t += 2) {
        const std::ptrdiff_t row = (t - tile) / 2 * row_bytes;
        for (int j = 0; j < kVectors; ++j) fetch(ahead + row + j * kVectorBytes);
        const std::uint32_t seen = t < begin ? kSecond : t + 1 < end ? kBoth : kFirst;
        add<kCount>(values + row, count, seen, pairs, t - group, sums);
      }
    }
    for (int i = 0; i < kCount; ++i) {
      for (int j = 0; j < kVectors; ++j) {
        store_first(queries[i].sums + d + j * kLanes, sums[i][j], count);
      }
    }
  }
};

}  // namespace quire::kernels::QUIRE_ISA
