// Finds the tensors that a DecoderSpec names, checks their shapes and dtypes, and keeps account of
// those that nothing used.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/config/quantization_config.h"
#include "engine/decoder/decoder_spec.h"
#include "engine/safetensors/tensor_store.h"
#include "kernels/weight.h"

namespace quire::engine {

/// [width] values as stored.
struct BoundVector {
  kernels::DType dtype = kernels::DType::f32;
  std::span<const std::byte> bytes;
};

struct BoundLinear {
  kernels::WeightSource source;
  std::vector<std::span<const std::byte>> parts;  // the bytes that `source` points into
  std::optional<BoundVector> bias;
};

/// Every failure is a LoadError that names the tensor, what was expected and what was found.
class TensorBinder {
 public:
  TensorBinder(const TensorStore& store, const QuantizationConfig& quantization);

  BoundLinear bind(const LinearSpec& spec);
  BoundVector bind(const NormSpec& spec);

  /// Accepts the tensors of `copy` as a copy of `original`'s, byte for byte; no tensors are fine.
  void accept_copy(const LinearSpec& copy, const LinearSpec& original);
  /// Throws LoadError naming a tensor that nothing bound and that is not known to be harmless.
  void refuse_unused() const;

 private:
  const TensorView& use(const std::string& name);
  const TensorView& use_shaped(const std::string& name, std::vector<std::uint64_t> shape);
  BoundVector bind_vector(const std::string& name, std::int32_t width);
  void bind_affine(const LinearSpec& spec, const AffineFormat& format, BoundLinear& bound);
  kernels::DType float_type(const std::string& name, const TensorView& tensor) const;
  [[noreturn]] void fail(const std::string& name, const std::string& problem) const;

  const TensorStore& store_;
  const QuantizationConfig& quantization_;
  std::set<std::string, std::less<>> used_;
};

}  // namespace quire::engine
