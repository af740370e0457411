// Weights for the tests of linear and embed: the source bytes as a model file would hold them, made
// here bit by bit, next to the values that they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/weight.h"

namespace quire::kernels {

struct WeightShape {
  std::int32_t rows = 0;  // N
  std::int32_t cols = 0;  // K
};

struct AffineFormat {
  std::int32_t bits = 4;
  std::int32_t group = 64;
  DType scale_dtype = DType::bf16;
};

/// A matrix and its source. Elements, codes, scales and biases lie at odd addresses on purpose.
class WeightSample {
 public:
  static WeightSample dense(WeightShape shape, DType dtype, std::uint32_t seed);
  /// Scales of both signs, codes over their whole range.
  static WeightSample affine(WeightShape shape, AffineFormat format, std::uint32_t seed);

  WeightSource source() const;
  const std::string& name() const { return name_; }
  std::int32_t rows() const { return shape_.rows; }
  std::int32_t cols() const { return shape_.cols; }
  std::int32_t group() const { return format_.group; }
  bool is_affine() const { return affine_; }
  DType dtype() const { return dtype_; }  // of dense elements

  /// W[n][k], exact: the products and sums of the formats fit in a double.
  double value(std::int32_t n, std::int32_t k) const;
  /// |scale * code| + |bias|, or |W[n][k]| of a dense weight: what rounding errors scale with.
  double magnitude(std::int32_t n, std::int32_t k) const;

 private:
  WeightSample() = default;
  std::size_t group_at(std::int32_t n, std::int32_t k) const;

  WeightShape shape_;
  bool affine_ = false;
  DType dtype_ = DType::f32;
  AffineFormat format_;
  std::string name_;
  std::vector<double> elements_;  // dense values, or codes
  std::vector<double> scales_;
  std::vector<double> biases_;
  std::vector<std::byte> element_bytes_;  // from index 1: dense elements or the code stream
  std::vector<std::byte> scale_bytes_;    // from index 1
  std::vector<std::byte> bias_bytes_;     // from index 1
};

/// Every bit width with every group width, the scale types taking turns.
std::vector<AffineFormat> every_affine_format();

}  // namespace quire::kernels
