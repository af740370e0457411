#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reference/reference_backend.h"

namespace quire::kernels::reference {
namespace {

/// Rotates the pairs (i, i + rotary/2) of one head; `angles` holds rotary/2 cos, then their sin.
void rotate(float* head, const float* angles, std::int32_t rotary) {
  const std::int32_t half = rotary / 2;
  for (std::int32_t i = 0; i < half; ++i) {
    const double cosine = angles[i], sine = angles[half + i];
    const double a = head[i], b = head[half + i];
    head[i] = static_cast<float>(a * cosine - b * sine);
    head[half + i] = static_cast<float>(b * cosine + a * sine);
  }
}

/// Per-head norm (where there is a gain) and rotation of one row of q or k.
void place_heads(float* heads, std::int32_t count, const float* gain, const float* angles,
                 std::int32_t rotary, const RopeStoreArgs& args) {
  for (std::int32_t h = 0; h < count; ++h) {
    float* head = heads + h * args.head_dim;
    if (gain != nullptr) normalise(head, args.head_dim, gain, args.norm_epsilon);
    rotate(head, angles, rotary);
  }
}

/// One vector of K or V as an int8 cache holds it: code * scale, where the largest magnitude gets
/// code 127. The rule is in f32, so that every backend finds the same codes:
///   scale = largest / 127, code = x * (127 / largest) rounded to nearest, ties to even.
/// A vector without a magnitude of 2^-100 or more counts as zeros (127 / largest stays finite); one
/// with a NaN or an infinity has the scale NaN.
void store_int8(const float* x, std::int32_t dim, double* to) {
  float largest = 0.0F;
  bool finite = true;
  for (std::int32_t d = 0; d < dim; ++d) {
    finite = finite && std::isfinite(x[d]);
    largest = std::max(largest, std::abs(x[d]));
  }
  const bool counts = finite && largest >= 0x1p-100F;
  float scale = finite ? 0.0F : std::numeric_limits<float>::quiet_NaN();
  if (counts) scale = largest / 127.0F;
  const float inverse = counts ? 127.0F / largest : 0.0F;
  for (std::int32_t d = 0; d < dim; ++d) {
    const float code = counts ? std::nearbyint(x[d] * inverse) : 0.0F;
    to[d] = double{code} * double{scale};
  }
}

/// One vector of K or V as the cache holds it.
void store(const float* x, const KvCacheShape& shape, double* to) {
  if (shape.dtype == DType::int8) return store_int8(x, shape.head_dim, to);
  for (std::int32_t d = 0; d < shape.head_dim; ++d) {
    const float stored = shape.dtype == DType::bf16 ? f32_from_bf16(bf16_from_f32(x[d])) : x[d];
    to[d] = double{stored};
  }
}

}  // namespace

void ReferenceBackend::rope_angles(const RopeFrequencies& frequencies, Matrix out) {
  const auto half = static_cast<std::int32_t>(frequencies.inverse.size());
  INVARIANT(out.cols == 2 * half && out.rows == static_cast<std::int32_t>(rows_.size()),
            "rope_angles shapes agree");
  for (std::int32_t r = 0; r < out.rows; ++r) {
    const auto position = static_cast<float>(rows_[static_cast<std::size_t>(r)].position);
    for (std::int32_t i = 0; i < half; ++i) {
      // The angle itself is a float by definition: models were trained with it.
      const double angle = position * frequencies.inverse[static_cast<std::size_t>(i)];
      const double magnitude = frequencies.magnitude;
      row(out, r)[i] = static_cast<float>(std::cos(angle) * magnitude);
      row(out, r)[half + i] = static_cast<float>(std::sin(angle) * magnitude);
    }
  }
}

void ReferenceBackend::rope_store(const RopeStoreArgs& args) {
  auto& cache = static_cast<ReferenceKvCache&>(*args.cache);
  const KvCacheShape& shape = cache.shape();
  const std::int32_t heads = args.q.cols / args.head_dim;
  INVARIANT(args.k.cols == shape.kv_heads * shape.head_dim && args.head_dim == shape.head_dim &&
                args.v.cols == args.k.cols && args.q.cols == heads * args.head_dim,
            "rope_store shapes agree");
  for (std::int32_t r = 0; r < args.q.rows; ++r) {
    const RowPlace& place = rows_[static_cast<std::size_t>(r)];
    const float* angles = row(args.angles, r);
    float* k = row(args.k, r);
    place_heads(row(args.q, r), heads, vector_of(args.q_gain), angles, args.angles.cols, args);
    place_heads(k, shape.kv_heads, vector_of(args.k_gain), angles, args.angles.cols, args);
    const BlockId block = place.blocks[static_cast<std::size_t>(place.position / kBlockTokens)];
    const std::int32_t slot = place.position % kBlockTokens;
    for (std::int32_t h = 0; h < shape.kv_heads; ++h) {
      const std::int32_t at = h * shape.head_dim;
      store(k + at, shape, cache.key(args.layer, block, h, slot));
      store(row(args.v, r) + at, shape, cache.value(args.layer, block, h, slot));
    }
  }
}

}  // namespace quire::kernels::reference
