// Scores and weighted sums over int8 tiles (picture in kernels/README.md) in integers: q, and per
// group of positions weight * V scale, become 16-bit codes of a step of their own (the largest
// magnitude gets 32767). Sums of products of codes are exact, so their order does not matter and
// every ISA level finds the same ones; the rest is f32:
//   score(t) = sum(q code * K code) * K scale(t) * (q step * scale)
//   sums    += sum over the group(weight code * V code) * weight step
// A position outside a query's span has the weight code 0, whatever the cache holds there.
#pragma once

#include "kernels/cpu/isa/attention.h"
#include "kernels/cpu/isa/quantize.h"

namespace quire::kernels::QUIRE_ISA {

struct Int8Attention {
  /// Codes of q, arranged for widened cells: [head_dim], rounded up to 16.
  static void prepare(const Head& head, Query& query, std::int32_t* codes) {
    const Steps steps = steps_for(largest_magnitude(query.q, head.dim), kLargestCode);
    for (std::int32_t d = 0; d < head.dim; d += kLanes) {
      const int count = head.dim - d < kLanes ? head.dim - d : kLanes;
      store_codes(load_first(query.q + d, count), steps, codes + d);
    }
    query.codes = codes;
    query.step = steps.step * head.scale;
  }

  static QUIRE_INLINE F32 weight_of(F32 weight) { return weight; }

  /// weights[i][t - group] = score of query i at t, for all t of the blocks that `span` touches.
  template <int kCount>
  static void score(const Head& head, const Query* queries, Span span, std::int32_t group,
                    float (*weights)[kGroup]) {
    for (std::int32_t t = span.begin / kTile * kTile; t < span.end; t += kTile) {
      const std::byte* keys = k_tile(head, t);
      const std::byte* ahead = next_k_tile(head, t);
      const std::byte* scales = keys + kTile * head.dim;
      fetch(ahead + kTile * head.dim);
      for (std::int32_t token = 0; token < kTile; token += kLanes) {
        I32 even[kCount] = {}, odd[kCount] = {};
        for (std::int32_t d = 0; d < head.dim; d += 4) {
          const std::ptrdiff_t at = std::ptrdiff_t{d} * kTile + token * 4;
          const Cells k = widen(load_bytes<U32>(keys + at));
          fetch(ahead + at);
          for (int i = 0; i < kCount; ++i) {
            even[i] = dot_i16(even[i], k.even, pair_of(queries[i].codes + d));
            odd[i] = dot_i16(odd[i], k.odd, pair_of(queries[i].codes + d + 1));
          }
        }
        const F32 scale = load_bytes<F32>(scales + token * 4);
        for (int i = 0; i < kCount; ++i) {
          const F32 sum = __builtin_convertvector(even[i] + odd[i], F32);
          store(weights[i] + (t - group + token), sum * scale * queries[i].step);
        }
      }
    }
  }

  /// sums of query i += weights[i][t - group] * V(t) for t in spans[i].
  template <int kCount>
  static void mix(const Head& head, const Query* queries, const Span* spans, std::int32_t group,
                  const float (*weights)[kGroup]) {
    WeightCodes codes[kCount];
    Span any = {group + kGroup, group};
    for (int i = 0; i < kCount; ++i) {
      encode(head, spans[i], group, weights[i], codes[i]);
      if (spans[i].begin >= spans[i].end) continue;
      if (spans[i].begin < any.begin) any.begin = spans[i].begin;
      if (spans[i].end > any.end) any.end = spans[i].end;
    }
    for_columns<vectors_at_once<kCount>()>(head.dim, [&](std::int32_t d, int count, auto width) {
      mix_columns<kCount, decltype(width)::value>(head, queries, any, group, codes, d, count);
    });
  }

 private:
  static constexpr float kLargestCode = 32767.0F;

  /// 32-bit cells of 4 codes as 16-bit pairs: codes 0 and 2, codes 1 and 3.
  struct Cells {
    I16x2 even, odd;
  };
  struct WeightCodes {
    std::int32_t pairs[kGroup];
    float step;
  };

  static QUIRE_INLINE Cells widen(U32 cells) {
    return {(I16x2)((U16x2)cells << 8) >> 8, (I16x2)cells >> 8};
  }
  static QUIRE_INLINE I16x2 pair_of(const std::int32_t* pair) { return (I16x2)broadcast(*pair); }

  /// kLanes codes in the arrangement of widened cells: of each 4, the first 32 bits get codes 0 and
  /// 2, the next codes 1 and 3.
  static QUIRE_INLINE void store_codes(F32 values, Steps steps, std::int32_t* to) {
    const I32 codes = codes_of(values, broadcast(steps.inverse));
    const I32 second = __builtin_shuffle(codes, lane_numbers() ^ 2);
    const I32 pairs = (codes & 0xffff) | (I32)((U32)second << 16);
    __builtin_memcpy(to, &pairs, sizeof pairs);
  }

  static QUIRE_INLINE void encode(const Head& head, Span span, std::int32_t group,
                                  const float* weights, WeightCodes& codes) {
    F32 scaled[kGroup / kLanes];
    I32 largest{};
    for (std::int32_t i = 0; i < kGroup; i += kLanes) {
      F32& part = scaled[i / kLanes] = F32{};
      const std::int32_t t = group + i;
      if (t + kLanes <= span.begin || t >= span.end) continue;
      const std::byte* scales = k_tile(head, t) + head.value_bytes + kTile * head.dim;
      const I32 position = lane_numbers() + t;
      const I32 seen = (position >= span.begin) & (position < span.end);
      part = select(seen, load(weights + i) * load_bytes<F32>(scales + t % kTile * 4), F32{});
      const I32 bits = magnitude_bits(part);
      largest = bits > largest ? bits : largest;
    }
    const Steps steps = steps_for(reduce_max(largest), kLargestCode);
    codes.step = steps.step;
    for (std::int32_t i = 0; i < kGroup; i += kLanes) {
      store_codes(scaled[i / kLanes], steps, codes.pairs + i);
    }
  }

  template <int kCount, int kVectors>
  static QUIRE_INLINE void mix_columns(const Head& head, const Query* queries, Span any,
                                       std::int32_t group, const WeightCodes* codes, std::int32_t d,
                                       int count) {
    I32 sums[kCount][kVectors] = {};
    for (std::int32_t tile = any.begin / kTile * kTile; tile < any.end; tile += kTile) {
      const std::byte* values = k_tile(head, tile) + head.value_bytes;
      const std::byte* ahead = next_k_tile(head, tile) + head.value_bytes;
      if (d == 0) fetch(ahead + kTile * head.dim);
      for (std::int32_t t = 0; t < kTile; t += 4) {
        const std::ptrdiff_t row = std::ptrdiff_t{t} * head.dim + d * 4;
        Cells v[kVectors];
        for (int j = 0; j < kVectors; ++j) {
          const std::ptrdiff_t at = row + j * kVectorBytes;
          U32 cells{};
          __builtin_memcpy(&cells, values + at, static_cast<std::size_t>(count) * 4);
          v[j] = widen(cells);
          fetch(ahead + at);
        }
        for (int i = 0; i < kCount; ++i) {
          const std::int32_t* pairs = codes[i].pairs + (tile - group) + t;
          for (int j = 0; j < kVectors; ++j) {
            sums[i][j] = dot_i16(sums[i][j], v[j].even, pair_of(pairs));
            sums[i][j] = dot_i16(sums[i][j], v[j].odd, pair_of(pairs + 1));
          }
        }
      }
    }
    for (int i = 0; i < kCount; ++i) {
      for (int j = 0; j < kVectors; ++j) {
        float* to = queries[i].sums + d + j * kLanes;
        const F32 sum = __builtin_convertvector(sums[i][j], F32);
        store_first(to, fma(sum, broadcast(codes[i].step), load_first(to, count)), count);
      }
    }
  }
};

}  // namespace quire::kernels::QUIRE_ISA
