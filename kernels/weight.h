// How a weight matrix lies in a model file (WeightSource) and what a backend makes of it (Weight).
// A source is only read during Backend::prepare_weight; the prepared weight owns its packed copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernels/dtype.h"

namespace quire::kernels {

/// MLX "affine" quantisation (mlx/ops.cpp, `affine_quantize`): w[n][k] = scale[n][k/group] *
/// code[n][k] + bias[n][k/group], codes unsigned, stored as one little-endian bit stream per row,
/// least significant bit first. Scales may be negative.
struct AffineSource {
  std::int32_t bits = 4;    // 2, 3, 4, 5, 6 or 8
  std::int32_t group = 64;  // 32, 64 or 128 codes along K share a scale and a bias
  DType scale_dtype = DType::bf16;
  const std::byte* codes = nullptr;   // [rows, cols * bits / 8] bytes
  const std::byte* scales = nullptr;  // [rows, cols / group] of scale_dtype
  const std::byte* biases = nullptr;  // [rows, cols / group] of scale_dtype
};

/// Plain weights: `elements` is row-major [rows, cols] of `dtype`; no alignment is assumed.
struct DenseSource {
  DType dtype = DType::f32;
  const std::byte* elements = nullptr;
};

/// One matrix W [rows = outputs N, cols = inputs K], y = x W^T. Exactly one of dense, affine is set.
struct WeightSource {
  std::int32_t rows = 0;
  std::int32_t cols = 0;
  std::optional<DenseSource> dense;
  std::optional<AffineSource> affine;
};

/// A matrix repacked once for a backend's kernels. Immutable, shareable. Thread: any.
class Weight {
 public:
  Weight() = default;
  Weight(const Weight&) = delete;
  Weight& operator=(const Weight&) = delete;
  virtual ~Weight() = default;

  virtual std::int32_t rows() const noexcept = 0;   // N
  virtual std::int32_t cols() const noexcept = 0;   // K
  virtual std::size_t bytes() const noexcept = 0;  // memory held
};

}  // namespace quire::kernels
