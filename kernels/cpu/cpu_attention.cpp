// CpuBackend::attention: divides the items over the workers, long ones at partition boundaries, and
// merges the partial results of those, in order, once all workers are done.
#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_buffer.h"

namespace quire::kernels::cpu {
namespace {

// About 10 us of work, as a wake-up costs half of that: cost * query heads of a kv head * head_dim.
constexpr std::int64_t kCostPerThread = 262144;

/// Floats of one query's partial result (AttentionItems), whole cache lines.
std::int32_t record_of(std::int32_t head_dim) {
  return (head_dim + 15) / 16 * 16 + 16;
}

}  // namespace

void CpuBackend::attention(const AttentionArgs& args) {
  const auto& arena = static_cast<const KvArena&>(*args.cache);
  const KvCacheShape& shape = arena.shape();
  const std::int32_t kv_columns = shape.kv_heads * shape.head_dim;
  check_attention(args, shape, batch_.shape());
  const AttentionItems items = {.tiles = batch_.tiles().data(),
                                .q = const_rows_of(args.q),
                                .out = rows_of(args.out),
                                .cache = arena.layer(args.layer),
                                .heads_per_kv = args.q.cols / kv_columns,
                                .window = args.window,
                                .scale = args.scale,
                                .record = record_of(shape.head_dim)};
  const std::int64_t cost = attention_split_.measure(
      {.tiles = batch_.tiles(), .kv_heads = shape.kv_heads, .window = args.window});
  const std::int64_t worth = cost * items.heads_per_kv * shape.head_dim / kCostPerThread + 1;
  run_attention(items,
                static_cast<std::int32_t>(std::min<std::int64_t>(worth, workers_.threads())));
}

void CpuBackend::run_attention(const AttentionItems& items, std::int32_t parts) {
  attention_split_.divide(parts);
  const auto shares = attention_split_.shares();
  const auto cut_items = attention_split_.cut_items();
  attention_scratch_.reserve(items, cut_items, parts);
  workers_.for_parts(parts, [&](std::int64_t part) {
    const AttentionShare& share = shares[static_cast<std::size_t>(part)];
    float* working = attention_scratch_.working(part);
    for (const ItemPart& piece : {share.head, share.tail}) {
      if (piece.empty()) continue;
      kernels_.attention_piece(items, attention_scratch_.piece(piece), working);
    }
    kernels_.attention(items, share.begin, share.end, working);
  });
  for (const ItemPart& item : cut_items) {
    kernels_.attention_merge(items, attention_scratch_.piece(item));
  }
}

}  // namespace quire::kernels::cpu
