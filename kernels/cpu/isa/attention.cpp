// Paged attention with an online softmax over groups of 64 positions aligned to absolute positions,
// afresh in each partition of 256 positions; the partitions' results are merged in order.
//
// A query is one (row, head). Several queries of one kv head walk the cache together and share its
// loads, yet each has its own maximum, sum and accumulators, updated in an order that its position
// and the window alone decide:
//   per group:     m' = max(m, scores), c = e^(m - m'), sum = sum * c + p, sums = sums * c, then
//                  sums += p(t) * V(t), where p(t) = e^(score(t) - m');
//   per partition: M' = max(M, m), out = out * e^(M - M') + sums * e^(m - M'), the sum likewise.
// Hence it does not matter which thread computes a partition, nor when.
#include "kernels/cpu/isa/attention.h"

#if defined(__AVX512BF16__)
#include "kernels/cpu/isa/attention_bf16.h"
#endif
#include "kernels/cpu/isa/attention_float.h"
#include "kernels/cpu/isa/attention_int8.h"
#include "kernels/cpu/isa/math.h"
#include "kernels/cpu/isa/ops.h"

namespace quire::kernels::QUIRE_ISA {
namespace {

// Queries that share loads: two chains each in `score` fill the vector units' pipelines.
constexpr int kShared = kLanes == 16 ? 8 : 4;
constexpr std::int32_t kHeadsAtOnce = 8;
constexpr std::int32_t kMaxQueries = cpu::kTileRows * kHeadsAtOnce;
static_assert(cpu::kAttentionScratchRecords == 2 * kMaxQueries);  // sums, and codes of q

/// The largest of the scores at [span) of a group and of those before; the others become -inf.
QUIRE_INLINE float largest_of(const Query& query, Span span, std::int32_t group, float* weights) {
  const float minus_infinity = -__builtin_inff();
  const std::int32_t begin = span.begin - group, end = span.end - group;
  for (std::int32_t i = 0; i < begin; ++i) weights[i] = minus_infinity;
  for (std::int32_t i = end; i < kGroup; ++i) weights[i] = minus_infinity;
  F32 largest = broadcast(query.largest);
  for (std::int32_t i = 0; i < kGroup; i += kLanes) largest = max(largest, load(weights + i));
  return reduce_max(largest);
}

/// Turns the scores of a group into weights, rounded as the kernel uses them, and returns their sum.
template <class Kernel>
QUIRE_INLINE float soften(float largest, float* weights) {
  F32 sum{};
  for (std::int32_t i = 0; i < kGroup; i += kLanes) {
    const F32 weight = Kernel::weight_of(exp_of_negative(load(weights + i) - largest));
    store(weights + i, weight);
    sum = sum + weight;
  }
  return reduce_add(sum);
}

QUIRE_INLINE void rescale(float* sums, float correction, std::int32_t dim) {
  if (correction == 1.0F) return;
  for (std::int32_t d = 0; d < dim; d += kLanes) store(sums + d, load(sums + d) * correction);
}

/// Turns the scores of a group into weights and updates the softmax state of every query that has
/// positions in it. Query by query in each phase: the phases of one query are a chain.
template <class Kernel, int kCount>
void soften_all(Query* queries, const Span* spans, std::int32_t group, std::int32_t dim,
                float (*weights)[kGroup]) {
  static_assert(kCount <= kLanes);
  float largest[kCount];
  F32 correction{};
  for (int i = 0; i < kCount; ++i) {
    largest[i] = queries[i].largest;
    if (spans[i].begin >= spans[i].end) continue;
    largest[i] = largest_of(queries[i], spans[i], group, weights[i]);
    correction[i] = queries[i].largest - largest[i];
  }
  correction = exp_of_negative(correction);
  for (int i = 0; i < kCount; ++i) {
    if (spans[i].begin >= spans[i].end) continue;
    queries[i].sum = queries[i].sum * correction[i] + soften<Kernel>(largest[i], weights[i]);
    queries[i].largest = largest[i];
    rescale(queries[i].sums, correction[i], dim);
  }
}

/// One group of positions for kCount queries.
template <class Kernel, int kCount>
void step(const Head& head, Query* queries, std::int32_t group) {
  Span spans[kCount];
  Span any = {group + kGroup, group};
  for (int i = 0; i < kCount; ++i) {
    const Span span = spans[i] = inside(queries[i], group);
    if (span.begin >= span.end) continue;
    if (span.begin < any.begin) any.begin = span.begin;
    if (span.end > any.end) any.end = span.end;
  }
  if (any.begin >= any.end) return;
  float weights[kCount][kGroup];
  Kernel::template score<kCount>(head, queries, any, group, weights);
  soften_all<Kernel, kCount>(queries, spans, group, head.dim, weights);
  Kernel::template mix<kCount>(head, queries, spans, group, weights);
}

/// As many steps of kCount queries as there are; then fewer at once.
template <class Kernel, int kCount>
void steps(const Head& head, Query* queries, std::int32_t count, std::int32_t group) {
  std::int32_t i = 0;
  for (; i + kCount <= count; i += kCount) step<Kernel, kCount>(head, queries + i, group);
  if constexpr (kCount > 1) steps<Kernel, kCount / 2>(head, queries + i, count - i, group);
}

/// sums, largest and sum of all queries over their positions in one partition.
template <class Kernel>
void attend(const Head& head, Query* queries, std::int32_t count, std::int32_t partition) {
  const std::int32_t begin = partition * cpu::kPartition;
  std::int32_t first = begin + cpu::kPartition, end = begin;
  for (std::int32_t i = 0; i < count; ++i) {
    Query& query = queries[i];
    query.largest = -__builtin_inff();
    query.sum = 0.0F;
    for (std::int32_t d = 0; d < head.dim; d += kLanes) store(query.sums + d, F32{});
    if (query.lo < first) first = query.lo;
    if (query.hi > end) end = query.hi;
  }
  if (first < begin) first = begin;
  if (end > begin + cpu::kPartition) end = begin + cpu::kPartition;
  for (std::int32_t group = first / kGroup * kGroup; group < end; group += kGroup) {
    steps<Kernel, kShared>(head, queries, count, group);
  }
}

/// Where partial results of one query are merged.
struct Merge {
  float* out;
  std::int32_t lo, hi;
  float largest = 0.0F, sum = 0.0F;

  bool sees(std::int32_t partition) const {
    return lo < (partition + 1) * cpu::kPartition && hi > partition * cpu::kPartition;
  }
  bool begins_in(std::int32_t partition) const { return lo / cpu::kPartition == partition; }
};

/// REQUIRES: merge.sees(partition).
void add(Merge& merge, std::int32_t partition, const float* record,
         const cpu::AttentionItems& items) {
  const std::int32_t dim = items.cache.head_dim;
  const float largest = record[items.record - 2], sum = record[items.record - 1];
  const bool first = merge.begins_in(partition);
  const float now = first || merge.largest < largest ? largest : merge.largest;
  const F32 before = first ? F32{} : exp_of_negative(broadcast(merge.largest - now));
  const F32 here = exp_of_negative(broadcast(largest - now));
  for (std::int32_t d = 0; d < dim; d += kLanes) {
    const int count = dim - d < kLanes ? dim - d : kLanes;
    const F32 old = first ? F32{} : load_first(merge.out + d, count) * before;
    store_first(merge.out + d, fma(load(record + d), here, old), count);
  }
  merge.sum = first ? sum : merge.sum * before[0] + sum * here[0];
  merge.largest = now;
}

void finish(const Merge& merge, std::int32_t dim) {
  for (std::int32_t d = 0; d < dim; ++d) merge.out[d] /= merge.sum;
}

/// One row and head of an item.
struct Place {
  const cpu::AttentionItems& items;
  std::int64_t item;

  const cpu::RowTile& tile() const { return items.tiles[item / items.cache.kv_heads]; }
  std::int32_t queries() const { return tile().rows * items.heads_per_kv; }

  Merge merge(std::int32_t row, std::int32_t head) const {
    const std::int32_t position = tile().first_position + row;
    const std::int32_t lo =
        items.window > 0 && position >= items.window ? position - items.window + 1 : 0;
    return {items.out.first + offset(items.out.stride, row, head), lo, position + 1};
  }
  const float* q(std::int32_t row, std::int32_t head) const {
    return items.q.first + offset(items.q.stride, row, head);
  }

 private:
  std::size_t offset(std::size_t stride, std::int32_t row, std::int32_t head) const {
    const auto kv_head = static_cast<std::int32_t>(item % items.cache.kv_heads);
    const auto columns = (kv_head * items.heads_per_kv + head) * items.cache.head_dim;
    return static_cast<std::size_t>(tile().first_row + row) * stride +
           static_cast<std::size_t>(columns);
  }
};

Head head_of(const Place& place) {
  const cpu::KvLayer& cache = place.items.cache;
  const auto kv_head = static_cast<std::size_t>(place.item % cache.kv_heads);
  const cpu::RowTile& tile = place.tile();
  return {cache.first + kv_head * cache.head_bytes,
          cache.block_bytes,
          cache.value_bytes,
          tile.blocks,
          cache.head_dim,
          place.items.scale,
          place.merge(0, 0).lo,
          tile.first_position + tile.rows,
          place.item % cache.kv_heads + 1 < cache.kv_heads ? cache.head_bytes : 0};
}

/// Queries of `heads` heads from `first` of one item, partition by partition.
template <class Kernel>
class Walk {
 public:
  Walk(const Place& place, std::int32_t first, std::int32_t heads, float* scratch)
      : place_(place), head_(head_of(place)), record_(place.items.record) {
    auto* codes = reinterpret_cast<std::int32_t*>(scratch + kMaxQueries * record_);
    for (std::int32_t r = 0; r < place.tile().rows; ++r) {
      for (std::int32_t h = first; h < first + heads; ++h) {
        const Merge& merge = merges_[count_] = place.merge(r, h);
        index_[count_] = r * place.items.heads_per_kv + h;
        queries_[count_] = {.q = place.q(r, h),
                            .codes = nullptr,
                            .step = 0.0F,
                            .sums = scratch + count_ * record_,
                            .lo = merge.lo,
                            .hi = merge.hi,
                            .largest = 0.0F,
                            .sum = 0.0F};
        Kernel::prepare(head_, queries_[count_], codes + count_ * record_);
        ++count_;
      }
    }
  }

  /// All partitions, and out.
  void whole() {
    const std::int32_t first = head_.begin / cpu::kPartition;
    for (std::int32_t p = first; p * cpu::kPartition < head_.end; ++p) {
      partition(p);
      for (std::int32_t i = 0; i < count_; ++i) {
        if (merges_[i].sees(p)) add(merges_[i], p, queries_[i].sums, place_.items);
      }
    }
    for (std::int32_t i = 0; i < count_; ++i) finish(merges_[i], head_.dim);
  }

  void piece(const cpu::AttentionPiece& piece) {
    for (std::int32_t p = piece.begin; p < piece.end; ++p) {
      float* records =
          piece.partials + std::ptrdiff_t{p - piece.begin} * place_.queries() * record_;
      for (std::int32_t i = 0; i < count_; ++i) {
        queries_[i].sums = records + std::ptrdiff_t{index_[i]} * record_;
      }
      partition(p);
    }
  }

 private:
  void partition(std::int32_t p) {
    attend<Kernel>(head_, queries_, count_, p);
    for (std::int32_t i = 0; i < count_; ++i) {
      queries_[i].sums[record_ - 2] = queries_[i].largest;
      queries_[i].sums[record_ - 1] = queries_[i].sum;
    }
  }

  const Place& place_;
  Head head_;
  std::int32_t record_;
  std::int32_t count_ = 0;
  Query queries_[kMaxQueries];
  Merge merges_[kMaxQueries];
  std::int32_t index_[kMaxQueries];  // of the query among the item's
};

/// Calls function(walk) for the queries of an item, kHeadsAtOnce heads at a time.
template <class Kernel, class Function>
void walk_heads(const Place& place, float* scratch, const Function& function) {
  for (std::int32_t h = 0; h < place.items.heads_per_kv; h += kHeadsAtOnce) {
    const std::int32_t left = place.items.heads_per_kv - h;
    Walk<Kernel> walk(place, h, left < kHeadsAtOnce ? left : kHeadsAtOnce, scratch);
    function(walk);
  }
}

template <class Function>
void walk_item(const Place& place, float* scratch, const Function& function) {
  switch (place.items.cache.element) {
    case cpu::KvElement::f32:
      return walk_heads<FloatAttention<F32Tiles>>(place, scratch, function);
    case cpu::KvElement::bf16:
#if defined(__AVX512BF16__)
      return walk_heads<Bf16Attention>(place, scratch, function);
#else
      return walk_heads<FloatAttention<Bf16Tiles>>(place, scratch, function);
#endif
    case cpu::KvElement::int8:
      return walk_heads<Int8Attention>(place, scratch, function);
  }
}

}  // namespace

void attention(const cpu::AttentionItems& items, std::int64_t begin, std::int64_t end,
               float* scratch) {
  for (std::int64_t item = begin; item < end; ++item) {
    walk_item({items, item}, scratch, [](auto& walk) { walk.whole(); });
  }
}

void attention_piece(const cpu::AttentionItems& items, const cpu::AttentionPiece& piece,
                     float* scratch) {
  walk_item({items, piece.item}, scratch, [&](auto& walk) { walk.piece(piece); });
}

void attention_merge(const cpu::AttentionItems& items, const cpu::AttentionPiece& whole) {
  const Place place = {items, whole.item};
  for (std::int32_t r = 0; r < place.tile().rows; ++r) {
    for (std::int32_t h = 0; h < items.heads_per_kv; ++h) {
      Merge merge = place.merge(r, h);
      const float* record =
          whole.partials + std::ptrdiff_t{r * items.heads_per_kv + h} * items.record;
      for (std::int32_t p = whole.begin; p < whole.end; ++p) {
        if (merge.sees(p)) add(merge, p, record, items);
        record += std::ptrdiff_t{place.queries()} * items.record;
      }
      finish(merge, items.cache.head_dim);
    }
  }
}

}  // namespace quire::kernels::QUIRE_ISA
