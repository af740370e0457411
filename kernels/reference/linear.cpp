#include <cstring>

#include "kernels/reference/reference_backend.h"

namespace quire::kernels::reference {
namespace {

/// Element `index` of an unaligned array of `type`.
double element(const std::byte* elements, DType type, std::size_t index) {
  const std::byte* at = elements + index * size_of(type);
  if (type == DType::f32) {
    float value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return type == DType::bf16 ? f32_from_bf16(bits) : f32_from_f16(bits);
}

/// Code k of a row: bits [k * width, (k + 1) * width) of the row's little-endian bit stream.
std::uint32_t code(const std::byte* row_codes, std::size_t k, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t bit = 0; bit < width; ++bit) {
    const std::size_t at = k * width + bit;
    const auto byte = std::to_integer<std::uint32_t>(row_codes[at / 8]);
    value |= ((byte >> (at % 8)) & 1U) << bit;
  }
  return value;
}

double affine_element(const AffineSource& source, std::size_t n, std::size_t k, std::size_t cols) {
  const auto bits = static_cast<std::size_t>(source.bits);
  const auto group = static_cast<std::size_t>(source.group);
  const std::size_t at = n * (cols / group) + k / group;
  return element(source.scales, source.scale_dtype, at) *
             code(source.codes + n * (cols * bits / 8), k, bits) +
         element(source.biases, source.scale_dtype, at);
}

}  // namespace

std::unique_ptr<Weight> ReferenceBackend::prepare_weight(const WeightSource& source) {
  INVARIANT(source.dense.has_value() != source.affine.has_value(),
            "a weight source is dense or affine");
  auto weight = std::make_unique<ReferenceWeight>(source.rows, source.cols);
  const auto cols = static_cast<std::size_t>(source.cols);
  for (std::size_t n = 0; n < static_cast<std::size_t>(source.rows); ++n) {
    for (std::size_t k = 0; k < cols; ++k) {
      weight->elements.push_back(
          source.dense ? element(source.dense->elements, source.dense->dtype, n * cols + k)
                       : affine_element(*source.affine, n, k, cols));
    }
  }
  return weight;
}

void ReferenceBackend::embed(const Weight& table, std::span<const std::int32_t> ids, Matrix out) {
  const auto& weight = static_cast<const ReferenceWeight&>(table);
  INVARIANT(out.rows == static_cast<std::int32_t>(ids.size()) && out.cols == table.cols(),
            "embed shapes agree");
  for (std::int32_t r = 0; r < out.rows; ++r) {
    const std::int32_t id = ids[static_cast<std::size_t>(r)];
    INVARIANT(id >= 0 && id < table.rows(), "an embedded id is inside the table");
    const double* from =
        weight.elements.data() + static_cast<std::size_t>(id) * static_cast<std::size_t>(out.cols);
    for (std::int32_t k = 0; k < out.cols; ++k) row(out, r)[k] = static_cast<float>(from[k]);
  }
}

void ReferenceBackend::linear(Matrix x, std::span<const LinearTerm> terms) {
  for (const LinearTerm& term : terms) {
    const auto& weight = static_cast<const ReferenceWeight&>(*term.weight);
    INVARIANT(x.cols == weight.cols() && term.out.cols == weight.rows() && term.out.rows == x.rows,
              "linear shapes agree");
    for (std::int32_t r = 0; r < x.rows; ++r) {
      const double* w = weight.elements.data();
      for (std::int32_t n = 0; n < weight.rows(); ++n, w += weight.cols()) {
        double sum = term.bias == nullptr ? 0.0 : double{vector_of(term.bias)[n]};
        for (std::int32_t k = 0; k < x.cols; ++k) sum += double{row(x, r)[k]} * w[k];
        row(term.out, r)[n] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace quire::kernels::reference
