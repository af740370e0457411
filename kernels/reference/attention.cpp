#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/devices.h"
#include "kernels/reference/reference_backend.h"

namespace quire::kernels::reference {

ReferenceKvCache::ReferenceKvCache(const KvCacheShape& shape) : shape_(shape) {
  const std::size_t elements = shape.block_elements() / 2 * static_cast<std::size_t>(shape.blocks);
  // A block that is read before it is written is a bug: make it show.
  keys_.assign(elements, std::numeric_limits<double>::quiet_NaN());
  values_ = keys_;
}

std::size_t ReferenceKvCache::index(std::int32_t layer, BlockId block, std::int32_t kv_head,
                                    std::int32_t slot) const {
  const auto id = static_cast<std::int32_t>(block);
  INVARIANT(layer >= 0 && layer < shape_.layers && id >= 0 && id < shape_.blocks,
            "layer and block exist");
  std::size_t at = static_cast<std::size_t>(layer);
  at = at * static_cast<std::size_t>(shape_.blocks) + static_cast<std::size_t>(id);
  at = at * static_cast<std::size_t>(shape_.kv_heads) + static_cast<std::size_t>(kv_head);
  at = at * std::size_t{kBlockTokens} + static_cast<std::size_t>(slot);
  return at * static_cast<std::size_t>(shape_.head_dim);
}

double* ReferenceKvCache::key(std::int32_t layer, BlockId block, std::int32_t kv_head,
                              std::int32_t slot) {
  return keys_.data() + index(layer, block, kv_head, slot);
}

double* ReferenceKvCache::value(std::int32_t layer, BlockId block, std::int32_t kv_head,
                                std::int32_t slot) {
  return values_.data() + index(layer, block, kv_head, slot);
}

std::unique_ptr<KvCache> ReferenceBackend::make_kv_cache(const KvCacheShape& shape) {
  if (shape.dtype == DType::f16) throw DeviceError("KV cache dtype f16 is not supported");
  return std::make_unique<ReferenceKvCache>(shape);
}

void ReferenceBackend::attention(const AttentionArgs& args) {
  // The cache is only read; the accessors serve the writer as well.
  auto& cache = const_cast<ReferenceKvCache&>(static_cast<const ReferenceKvCache&>(*args.cache));
  const std::int32_t dim = cache.shape().head_dim;
  const std::int32_t heads = args.q.cols / dim;
  INVARIANT(heads % cache.shape().kv_heads == 0 && args.out.cols == args.q.cols,
            "attention shapes agree");
  const std::int32_t heads_per_kv = heads / cache.shape().kv_heads;
  for (std::int32_t r = 0; r < args.q.rows; ++r) {
    const RowPlace& place = rows_[static_cast<std::size_t>(r)];
    const std::int32_t first = args.window == 0 ? 0 : std::max(0, place.position - args.window + 1);
    const auto count = static_cast<std::size_t>(place.position - first + 1);
    const auto block_of = [&](std::int32_t position) {
      return place.blocks[static_cast<std::size_t>(position / kBlockTokens)];
    };
    for (std::int32_t h = 0; h < heads; ++h) {
      const float* query = row(args.q, r) + h * dim;
      float* out = row(args.out, r) + h * dim;
      std::vector<double> weights(count);
      for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t position = first + static_cast<std::int32_t>(i);
        const double* key =
            cache.key(args.layer, block_of(position), h / heads_per_kv, position % kBlockTokens);
        for (std::int32_t d = 0; d < dim; ++d) weights[i] += double{query[d]} * key[d];
        weights[i] *= double{args.scale};
      }
      const double largest = *std::max_element(weights.begin(), weights.end());
      double sum = 0.0;
      for (double& weight : weights) sum += weight = std::exp(weight - largest);
      std::vector<double> mixed(static_cast<std::size_t>(dim));
      for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t position = first + static_cast<std::int32_t>(i);
        const double* value =
            cache.value(args.layer, block_of(position), h / heads_per_kv, position % kBlockTokens);
        for (std::size_t d = 0; d < mixed.size(); ++d) mixed[d] += weights[i] * value[d];
      }
      for (std::size_t d = 0; d < mixed.size(); ++d) out[d] = static_cast<float>(mixed[d] / sum);
    }
  }
}

}  // namespace quire::kernels::reference
