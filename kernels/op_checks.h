// What the backends that compute fast demand of their arguments, in one place: the contracts of backend.h.
#pragma once

#include <cstdint>

#include "kernels/backend.h"

namespace quire::kernels {

/// Of the batch that begin_step bound.
struct BoundShape {
  std::int32_t rows = 0;
  std::int32_t block_limit = 0;  // one above the largest block id
};

/// Throws DeviceError for affine weights of bits or groups that are not supported, or that do not fill
/// their groups.
void check_weight(const WeightSource& source);

/// The sequences follow each other without gaps and cover the batch, block tables cover their rows.
BoundShape check_batch(const BatchView& batch);

/// REQUIRES of Backend::attention and rope_store, on a cache of the given shape.
void check_attention(const AttentionArgs& args, const KvCacheShape& cache, BoundShape bound);
void check_rope_store(const RopeStoreArgs& args, const KvCacheShape& cache, BoundShape bound);

}  // namespace quire::kernels
