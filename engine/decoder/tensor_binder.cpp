#include "engine/decoder/tensor_binder.h"

#include <algorithm>

#include "engine/safetensors/header.h"

namespace quire::engine {
namespace {

// Old checkpoints store the rotation's frequencies, which config.json determines.
constexpr std::string_view kHarmlessSuffix = ".rotary_emb.inv_freq";

std::vector<std::uint64_t> shape_of(std::int32_t rows, std::int32_t cols) {
  return {static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols)};
}

bool equal(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape &&
         std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
}

}  // namespace

TensorBinder::TensorBinder(const TensorStore& store, const QuantizationConfig& quantization)
    : store_(store), quantization_(quantization) {}

void TensorBinder::fail(const std::string& name, const std::string& problem) const {
  throw LoadError(store_.files().origin() + ": tensor '" + name + "' " + problem);
}

const TensorView& TensorBinder::use(const std::string& name) {
  const TensorView* tensor = store_.find(name);
  if (tensor == nullptr) fail(name, "is missing");
  used_.insert(name);
  return *tensor;
}

const TensorView& TensorBinder::use_shaped(const std::string& name,
                                           std::vector<std::uint64_t> shape) {
  if (!store_.contains(name)) fail(name, "is missing; expected shape " + shape_text(shape));
  const TensorView& tensor = use(name);
  if (tensor.shape != shape) {
    fail(name, "has shape " + shape_text(tensor.shape) + "; expected " + shape_text(shape));
  }
  return tensor;
}

kernels::DType TensorBinder::float_type(const std::string& name, const TensorView& tensor) const {
  if (tensor.dtype == "F32") return kernels::DType::f32;
  if (tensor.dtype == "F16") return kernels::DType::f16;
  if (tensor.dtype == "BF16") return kernels::DType::bf16;
  fail(name, "has dtype " + std::string(tensor.dtype) + "; F32, F16 and BF16 are supported here");
}

BoundVector TensorBinder::bind_vector(const std::string& name, std::int32_t width) {
  const TensorView& tensor = use_shaped(name, {static_cast<std::uint64_t>(width)});
  return {float_type(name, tensor), tensor.bytes};
}

BoundVector TensorBinder::bind(const NormSpec& spec) {
  return bind_vector(spec.path + ".weight", spec.width);
}

BoundLinear TensorBinder::bind(const LinearSpec& spec) {
  BoundLinear bound;
  bound.source.rows = spec.outputs;
  bound.source.cols = spec.inputs;
  const auto format = quantization_.format_of(spec.path, store_.contains(spec.path + ".scales"));
  if (format) {
    bind_affine(spec, *format, bound);
  } else {
    const std::string name = spec.path + ".weight";
    const TensorView& tensor = use_shaped(name, shape_of(spec.outputs, spec.inputs));
    bound.source.dense = kernels::DenseSource{float_type(name, tensor), tensor.bytes.data()};
    bound.parts = {tensor.bytes};
  }
  if (spec.bias) bound.bias = bind_vector(spec.path + ".bias", spec.outputs);
  return bound;
}

void TensorBinder::bind_affine(const LinearSpec& spec, const AffineFormat& format,
                               BoundLinear& bound) {
  const std::string name = spec.path + ".weight";
  if (spec.inputs % format.group != 0) {
    fail(name, "has rows of " + std::to_string(spec.inputs) + " that groups of " +
                   std::to_string(format.group) + " do not divide");
  }
  const TensorView& codes =
      use_shaped(name, shape_of(spec.outputs, spec.inputs / 32 * format.bits));
  if (codes.dtype != "U32") {
    fail(name, "has dtype " + std::string(codes.dtype) + "; quantised codes are U32");
  }
  const auto group_shape = shape_of(spec.outputs, spec.inputs / format.group);
  const TensorView& scales = use_shaped(spec.path + ".scales", group_shape);
  const TensorView& biases = use_shaped(spec.path + ".biases", group_shape);
  const kernels::DType type = float_type(spec.path + ".scales", scales);
  if (biases.dtype != scales.dtype) {
    fail(spec.path + ".biases", "has dtype " + std::string(biases.dtype) + "; its scales have " +
                                    std::string(scales.dtype));
  }
  bound.source.affine = kernels::AffineSource{.bits = format.bits,
                                              .group = format.group,
                                              .scale_dtype = type,
                                              .codes = codes.bytes.data(),
                                              .scales = scales.bytes.data(),
                                              .biases = biases.bytes.data()};
  bound.parts = {codes.bytes, scales.bytes, biases.bytes};
}

void TensorBinder::accept_copy(const LinearSpec& copy, const LinearSpec& original) {
  for (const char* suffix : {".weight", ".scales", ".biases"}) {
    const std::string name = copy.path + suffix;
    const TensorView* copied = store_.find(name);
    if (copied == nullptr) continue;
    const TensorView* expected = store_.find(original.path + suffix);
    if (expected == nullptr || !equal(*copied, *expected)) {
      fail(name, "differs from '" + original.path + suffix +
                     "' although config.json ties them (tie_word_embeddings)");
    }
    used_.insert(name);
  }
}

void TensorBinder::refuse_unused() const {
  for (const auto& [name, tensor] : store_.all()) {
    if (used_.contains(name) || name.ends_with(kHarmlessSuffix)) continue;
    fail(name, "of shape " + shape_text(tensor.shape) +
                   " has no place in this model; config.json does not describe it");
  }
}

}  // namespace quire::engine
