#include "tests/kernels/weight_samples.h"

#include <cmath>
#include <cstring>
#include <random>

namespace quire::kernels {
namespace {

/// The nearest binary16 of a normal value, by scaling: 11 significant bits.
double round_to_f16(double value) {
  if (value == 0.0) return 0.0;
  const int exponent = std::ilogb(value) - 10;
  return std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
}

double round_to(double value, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return static_cast<float>(value);
    case DType::f16:
      return round_to_f16(value);
    case DType::bf16:
      return f32_from_bf16(bf16_from_f32(static_cast<float>(value)));
    case DType::int8:
      break;  // for the KV cache only
  }
  return 0.0;
}

/// Bits of a normal binary16 value or zero.
std::uint16_t f16_bits(double value) {
  if (value == 0.0) return 0;
  const int exponent = std::ilogb(value);
  const double fraction = std::ldexp(std::fabs(value), 10 - exponent) - 1024.0;
  return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) |
                                    static_cast<int>(fraction));
}

/// Appends `value`, which has been rounded to `dtype`, in that type.
void append(std::vector<std::byte>& bytes, double value, DType dtype) {
  const auto single = static_cast<float>(value);
  std::uint16_t half = 0;
  const void* from = &half;
  if (dtype == DType::f32) {
    from = &single;
  } else {
    half = dtype == DType::f16 ? f16_bits(value) : bf16_from_f32(single);
  }
  const std::size_t at = bytes.size();
  bytes.resize(at + size_of(dtype));
  std::memcpy(bytes.data() + at, from, size_of(dtype));
}

/// Uniform in [-1, 1), at least 2^-12 in magnitude so that binary16 stays normal.
double random_unit(std::mt19937& bits) {
  const double value = static_cast<double>(bits() >> 8) * 0x1p-23 - 1.0;
  return std::fabs(value) < 0x1p-12 ? 0x1p-12 : value;
}

void set_bit(std::vector<std::byte>& bytes, std::size_t bit) {
  bytes[bit / 8] |= std::byte{1} << (bit % 8);
}

}  // namespace

WeightSample WeightSample::dense(WeightShape shape, DType dtype, std::uint32_t seed) {
  WeightSample made;
  made.shape_ = shape;
  made.dtype_ = dtype;
  made.name_ = std::string(name_of(dtype)) + " " + std::to_string(shape.rows) + "x" +
               std::to_string(shape.cols);
  made.element_bytes_.resize(1);
  std::mt19937 bits(seed);
  for (std::int32_t i = 0; i < shape.rows * shape.cols; ++i) {
    made.elements_.push_back(round_to(random_unit(bits), dtype));
    append(made.element_bytes_, made.elements_.back(), dtype);
  }
  return made;
}

WeightSample WeightSample::affine(WeightShape shape, AffineFormat format, std::uint32_t seed) {
  WeightSample made;
  made.shape_ = shape;
  made.affine_ = true;
  made.format_ = format;
  made.name_ = "affine " + std::to_string(format.bits) + " bits, groups of " +
               std::to_string(format.group) + " in " + std::string(name_of(format.scale_dtype)) +
               ", " + std::to_string(shape.rows) + "x" + std::to_string(shape.cols);
  const auto codes = static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.cols);
  const auto width = static_cast<std::size_t>(format.bits);
  std::mt19937 bits(seed);
  made.element_bytes_.resize(1 + codes * width / 8);
  for (std::size_t i = 0; i < codes; ++i) {
    const auto code = static_cast<std::uint32_t>(bits() >> (32 - format.bits));
    made.elements_.push_back(code);
    for (std::size_t b = 0; b < width; ++b) {  // rows end on bytes, so one stream serves all
      if ((code >> b & 1U) != 0) set_bit(made.element_bytes_, 8 + i * width + b);
    }
  }
  made.scale_bytes_.resize(1);
  made.bias_bytes_.resize(1);
  for (std::size_t i = 0; i < codes / static_cast<std::size_t>(format.group); ++i) {
    made.scales_.push_back(round_to(random_unit(bits), format.scale_dtype));
    made.biases_.push_back(
        round_to(random_unit(bits) * std::ldexp(1.0, format.bits - 1), format.scale_dtype));
    append(made.scale_bytes_, made.scales_.back(), format.scale_dtype);
    append(made.bias_bytes_, made.biases_.back(), format.scale_dtype);
  }
  return made;
}

WeightSource WeightSample::source() const {
  WeightSource source{.rows = shape_.rows, .cols = shape_.cols, .dense = {}, .affine = {}};
  if (affine_) {
    source.affine = AffineSource{.bits = format_.bits,
                                 .group = format_.group,
                                 .scale_dtype = format_.scale_dtype,
                                 .codes = element_bytes_.data() + 1,
                                 .scales = scale_bytes_.data() + 1,
                                 .biases = bias_bytes_.data() + 1};
  } else {
    source.dense = DenseSource{.dtype = dtype_, .elements = element_bytes_.data() + 1};
  }
  return source;
}

std::size_t WeightSample::group_at(std::int32_t n, std::int32_t k) const {
  return static_cast<std::size_t>(n * (shape_.cols / format_.group) + k / format_.group);
}

double WeightSample::value(std::int32_t n, std::int32_t k) const {
  const double element = elements_[static_cast<std::size_t>(n * shape_.cols + k)];
  return affine_ ? scales_[group_at(n, k)] * element + biases_[group_at(n, k)] : element;
}

double WeightSample::magnitude(std::int32_t n, std::int32_t k) const {
  const double element = elements_[static_cast<std::size_t>(n * shape_.cols + k)];
  if (!affine_) return std::fabs(element);
  return std::fabs(scales_[group_at(n, k)] * element) + std::fabs(biases_[group_at(n, k)]);
}

std::vector<AffineFormat> every_affine_format() {
  constexpr DType kDTypes[] = {DType::bf16, DType::f16, DType::f32};
  std::vector<AffineFormat> formats;
  for (const std::int32_t bits : {2, 3, 4, 5, 6, 8}) {
    for (const std::int32_t group : {32, 64, 128}) {
      formats.push_back({.bits = bits, .group = group, .scale_dtype = kDTypes[formats.size() % 3]});
    }
  }
  return formats;
}

}  // namespace quire::kernels
