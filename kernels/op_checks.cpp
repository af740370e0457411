#include "kernels/op_checks.h"

#include <algorithm>
#include <span>
#include <string>

#include "kernels/devices.h"
#include "kernels/invariant.h"

namespace quire::kernels {
namespace {

constexpr std::int32_t kBits[] = {2, 3, 4, 5, 6, 8};
constexpr std::int32_t kGroups[] = {32, 64, 128};

bool holds(std::span<const std::int32_t> values, std::int32_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// `sequence` begins at row bound.rows; adds it to `bound`.
void add_sequence(const SequenceRows& sequence, BoundShape& bound) {
  INVARIANT(sequence.first_row == bound.rows, "sequences follow each other without gaps");
  INVARIANT(sequence.rows >= 0 && sequence.first_position >= 0, "a sequence has a valid shape");
  const std::size_t end =
      static_cast<std::size_t>(sequence.first_position) + static_cast<std::size_t>(sequence.rows);
  INVARIANT(sequence.rows == 0 || end <= sequence.blocks.size() * std::size_t{kBlockTokens},
            "a block table covers its rows");
  for (const BlockId block : sequence.blocks) {
    INVARIANT(static_cast<std::int32_t>(block) >= 0, "a block id is not negative");
    bound.block_limit = std::max(bound.block_limit, static_cast<std::int32_t>(block) + 1);
  }
  bound.rows += sequence.rows;
}

}  // namespace

void check_weight(const WeightSource& source) {
  INVARIANT(source.rows > 0 && source.cols > 0, "a weight has a shape");
  INVARIANT(source.dense.has_value() != source.affine.has_value(),
            "a weight is either dense or affine");
  if (!source.affine) return;
  const AffineSource& affine = *source.affine;
  if (!holds(kBits, affine.bits)) {
    throw DeviceError("affine weights of " + std::to_string(affine.bits) +
                      " bits are not supported (2, 3, 4, 5, 6, 8 are)");
  }
  if (!holds(kGroups, affine.group)) {
    throw DeviceError("affine weights in groups of " + std::to_string(affine.group) +
                      " are not supported (32, 64, 128 are)");
  }
  if (source.cols % affine.group != 0) {
    throw DeviceError("affine weights with " + std::to_string(source.cols) +
                      " columns do not fill groups of " + std::to_string(affine.group));
  }
}

BoundShape check_batch(const BatchView& batch) {
  BoundShape bound;
  for (const SequenceRows& sequence : batch.sequences) add_sequence(sequence, bound);
  INVARIANT(batch.rows == bound.rows, "the sequences cover the batch");
  return bound;
}

void check_attention(const AttentionArgs& args, const KvCacheShape& cache, BoundShape bound) {
  INVARIANT(args.q.cols % (cache.kv_heads * cache.head_dim) == 0 && args.out.rows == args.q.rows &&
                args.out.cols == args.q.cols,
            "attention shapes agree");
  INVARIANT(args.q.rows == bound.rows, "attention takes the rows of the batch");
  INVARIANT(args.window >= 0, "a window is not negative");
  INVARIANT(bound.block_limit <= cache.blocks, "block tables name blocks of the cache");
}

void check_rope_store(const RopeStoreArgs& args, const KvCacheShape& cache, BoundShape bound) {
  const std::int32_t dim = cache.head_dim;
  INVARIANT(args.head_dim == dim && args.q.cols % dim == 0 && args.k.cols == cache.kv_heads * dim &&
                args.v.cols == args.k.cols,
            "rope_store shapes agree");
  INVARIANT(args.q.rows == bound.rows && args.k.rows == args.q.rows &&
                args.v.rows == args.q.rows && args.angles.rows == args.q.rows,
            "rope_store takes the rows of the batch");
  INVARIANT(args.angles.cols % 2 == 0 && args.angles.cols <= dim,
            "rotated pairs lie inside a head");
  INVARIANT(bound.block_limit <= cache.blocks, "block tables name blocks of the cache");
}

}  // namespace quire::kernels
