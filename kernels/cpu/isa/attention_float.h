// Scores and weighted sums over f32 and bf16 tiles, multiply-adds in f32:
//   score(t)  = (even + odd) * scale, each a chain of multiply-adds over the even (odd) indices;
//   sums     += weight(t) * V(t) for t ascending.
// Positions outside a query's span never enter its sums, whatever the cache holds there.
#pragma once

#include "kernels/cpu/isa/attention.h"
#include "kernels/cpu/isa/kv_tile.h"

namespace quire::kernels::QUIRE_ISA {

template <class Tiles>
struct FloatAttention {
  static void prepare(const Head& /*head*/, Query& /*query*/, std::int32_t* /*codes*/) {}
  static QUIRE_INLINE F32 weight_of(F32 weight) { return weight; }

  /// weights[i][t - group] = score of query i at t, for all t of the blocks that `span` touches.
  template <int kCount>
  static void score(const Head& head, const Query* queries, Span span, std::int32_t group,
                    float (*weights)[kGroup]) {
    for (std::int32_t t = span.begin / kTile * kTile; t < span.end; t += kTile) {
      const std::byte* keys = k_tile(head, t);
      const std::byte* ahead = next_k_tile(head, t);
      for (std::int32_t token = 0; token < kTile; token += kLanes) {
        F32 even[kCount] = {}, odd[kCount] = {};
        for (std::int32_t pair = 0; pair < head.dim / 2; ++pair) {
          const std::ptrdiff_t at = pair * Tiles::pair_bytes(kTile) + token * 4;
          const Pair k = Tiles::keys(keys + at);
          Tiles::fetch_row(ahead + at, kTile);
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

  /// sums of query i += weights[i][t - group] * V(t) for t in spans[i], ascending.
  template <int kCount>
  static void mix(const Head& head, const Query* queries, const Span* spans, std::int32_t group,
                  const float (*weights)[kGroup]) {
    if constexpr (kCount == 1) {
      mix_span<1>(head, queries, spans[0], group, weights);
      return;
    }
    Span all = {group, group + kGroup};
    for (int i = 0; i < kCount; ++i) {
      if (spans[i].begin > all.begin) all.begin = spans[i].begin;
      if (spans[i].end < all.end) all.end = spans[i].end;
    }
    // Each query takes what only some see one by one, in the order of positions.
    const bool shared = all.begin < all.end;
    for (int i = 0; i < kCount; ++i) {
      const Span before = {spans[i].begin, shared ? all.begin : spans[i].end};
      mix_span<1>(head, queries + i, before, group, weights + i);
    }
    if (!shared) return;
    mix_span<kCount>(head, queries, all, group, weights);
    for (int i = 0; i < kCount; ++i) {
      mix_span<1>(head, queries + i, {all.end, spans[i].end}, group, weights + i);
    }
  }

 private:
  /// sums += weight * one token of v.
  template <int kCount, int kVectors>
  static QUIRE_INLINE void add(const float (*weights)[kGroup], std::int32_t at, const Pair* v,
                               F32 Pair::*token, F32 (*sums)[kVectors]) {
    for (int i = 0; i < kCount; ++i) {
      const F32 weight = broadcast(weights[i][at]);
      for (int j = 0; j < kVectors; ++j) sums[i][j] = fma(weight, v[j].*token, sums[i][j]);
    }
  }

  template <int kCount>
  static void mix_span(const Head& head, const Query* queries, Span span, std::int32_t group,
                       const float (*weights)[kGroup]) {
    if (span.begin >= span.end) return;
    for_columns<vectors_at_once<kCount>()>(
        head.dim, [&](std::int32_t d, int count, auto width) {
          mix_columns<kCount, decltype(width)::value>(head, queries, span, group, weights, d,
                                                      count);
        });
  }

  template <int kCount, int kVectors>
  static QUIRE_INLINE void mix_columns(const Head& head, const Query* queries, Span span,
                                       std::int32_t group, const float (*weights)[kGroup],
                                       std::int32_t d, int count) {
    F32 sums[kCount][kVectors];
    for (int i = 0; i < kCount; ++i) {
      for (int j = 0; j < kVectors; ++j) {
        sums[i][j] = load_first(queries[i].sums + d + j * kLanes, count);
      }
    }
    std::int32_t t = span.begin;
    while (t < span.end) {
      const std::byte* values = k_tile(head, t) + head.value_bytes + d * 4;
      const std::byte* ahead = next_k_tile(head, t) + head.value_bytes + d * 4;
      const std::int32_t tile = t / kTile * kTile;
      const std::int32_t end = tile + kTile < span.end ? tile + kTile : span.end;
      while (t < end) {
        const std::ptrdiff_t row = (t - tile) / 2 * Tiles::pair_bytes(head.dim);
        const bool first = t % 2 == 0, second = t % 2 != 0 || t + 1 < end;
        Pair v[kVectors];
        for (int j = 0; j < kVectors; ++j) {
          v[j] = Tiles::values(values + row + j * kVectorBytes, head.dim, count);
          Tiles::fetch_row(ahead + row + j * kVectorBytes, head.dim);
        }
        if (first) add<kCount, kVectors>(weights, t++ - group, v, &Pair::even, sums);
        if (second) add<kCount, kVectors>(weights, t++ - group, v, &Pair::odd, sums);
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
