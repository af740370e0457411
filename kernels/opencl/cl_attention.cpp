// attention: partitions, then the merge of rows that see more than one. Tiles go in runs whose partial
// results fit a bounded scratch.
#include <algorithm>

#include "kernels/opencl/cl_backend.h"
#include "kernels/opencl/cl_kv_cache.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::int32_t kQueries = 8;         // QUERIES of cl/attention.cl
constexpr std::size_t kLanes = 128;          // LANES of cl/attention.cl
constexpr std::size_t kMergeColumns = 64;    // work-items of a group of the merge
// Partial results of one run of tiles, unless a single tile needs more.
constexpr std::size_t kPartialBytes = std::size_t{64} << 20;

/// AttentionShape of cl/attention.cl.
struct AttentionShape {
  cl_ulong block_words;
  cl_uint kv_heads, heads_per_kv, head_dim, window, first_item, tile_rows;
  float scale;
  cl_uint unused;
};
static_assert(sizeof(AttentionShape) == 40, "a shape has the layout of attention.cl");

/// Tiles from the first on whose items fit; at least one.
std::size_t run_length(std::span<const ClBatch::Tile> tiles, std::size_t items) {
  std::size_t count = 0, sum = 0;
  while (count < tiles.size()) {
    sum += static_cast<std::size_t>(tiles[count].items);
    if (count > 0 && sum > items) break;
    ++count;
  }
  return count;
}

}  // namespace

void ClBackend::attention(const AttentionArgs& args) {
  prepared_.reset();
  const auto& cache = static_cast<const ClKvCache&>(*args.cache);
  const KvCacheShape& kv = cache.shape();
  check_attention(args, kv, batch_.shape());
  AttentionShape shape{.block_words = cache.block_words(),
                       .kv_heads = static_cast<cl_uint>(kv.kv_heads),
                       .heads_per_kv = static_cast<cl_uint>(args.q.cols / (kv.kv_heads * kv.head_dim)),
                       .head_dim = static_cast<cl_uint>(kv.head_dim),
                       .window = static_cast<cl_uint>(args.window),
                       .first_item = 0,
                       .tile_rows = static_cast<cl_uint>(batch_.tile_rows()),
                       .scale = args.scale,
                       .unused = 0};
  const std::size_t queries = std::size_t{shape.tile_rows} * shape.heads_per_kv;
  const std::size_t batches = (queries + kQueries - 1) / kQueries;
  const std::size_t item_bytes = sizeof(float) * queries * shape.kv_heads * (shape.head_dim + 2);
  const bool merges = batch_.tile_items() > 1;
  const std::size_t capacity =
      std::max(kPartialBytes / std::max<std::size_t>(item_bytes, 1),
               static_cast<std::size_t>(batch_.tile_items()));
  std::span<const ClBatch::Tile> tiles = batch_.tiles();
  cl_uint first_tile = 0;
  while (!tiles.empty()) {
    const std::size_t count = merges ? run_length(tiles, capacity) : tiles.size();
    const auto items = static_cast<std::size_t>(tiles[count - 1].first_item +
                                                tiles[count - 1].items - tiles[0].first_item);
    const cl_mem partials =
        partials_.reserve(context_, merges ? std::min(items, capacity) * item_bytes : 4);
    shape.first_item = static_cast<cl_uint>(tiles[0].first_item);
    context_.run(kernels_.attention(kv.dtype).get(context_),
                 {.global = {items * kLanes, shape.kv_heads, batches}, .local = {kLanes, 1, 1}},
                 memory_of(args.q), view_of(args.q), cache.layer(args.layer), batch_.ints(),
                 batch_.tiles_at(), batch_.items_at(), memory_of(args.out), view_of(args.out),
                 partials, LocalBytes{sizeof(float) * kQueries * shape.head_dim}, shape);
    if (merges) {
      const std::size_t columns = whole_groups(shape.head_dim, kMergeColumns);
      context_.run(kernels_.attention_merge.get(context_),
                   {.global = {columns, std::size_t{shape.kv_heads} * shape.heads_per_kv,
                               count * shape.tile_rows},
                    .local = {kMergeColumns, 1, 1}},
                   partials, batch_.ints(), batch_.tiles_at(), first_tile, memory_of(args.out),
                   view_of(args.out), shape);
    }
    tiles = tiles.subspan(count);
    first_tile += static_cast<cl_uint>(count);
  }
}

}  // namespace quire::kernels::opencl
