#include "engine/decoder/decoder.h"

#include <cstring>
#include <map>

#include "engine/decoder/tensor_binder.h"
#include "engine/models/family.h"

namespace quire::engine {
namespace {

using kernels::Backend;
using kernels::Buffer;

struct BoundLayer {
  BoundVector attention_norm, mlp_norm;
  std::optional<BoundVector> q_norm, k_norm;
  BoundLinear q, k, v, o, gate, up, down;
};

struct BoundDecoder {
  BoundLinear embedding;
  std::vector<BoundLayer> layers;
  BoundVector final_norm;
  std::optional<BoundLinear> head;  // nothing when tied
};

BoundLayer bind_layer(const LayerSpec& spec, TensorBinder& binder) {
  BoundLayer bound;
  bound.attention_norm = binder.bind(spec.attention_norm);
  bound.q = binder.bind(spec.attention.q);
  bound.k = binder.bind(spec.attention.k);
  bound.v = binder.bind(spec.attention.v);
  bound.o = binder.bind(spec.attention.o);
  if (spec.attention.q_norm) bound.q_norm = binder.bind(*spec.attention.q_norm);
  if (spec.attention.k_norm) bound.k_norm = binder.bind(*spec.attention.k_norm);
  bound.mlp_norm = binder.bind(spec.mlp_norm);
  bound.gate = binder.bind(spec.mlp.gate);
  bound.up = binder.bind(spec.mlp.up);
  bound.down = binder.bind(spec.mlp.down);
  return bound;
}

BoundDecoder bind_decoder(const DecoderSpec& spec, const TensorStore& store, TensorBinder& binder) {
  BoundDecoder bound;
  bound.embedding = binder.bind(spec.embedding);
  for (const LayerSpec& layer : spec.layers) bound.layers.push_back(bind_layer(layer, binder));
  bound.final_norm = binder.bind(spec.final_norm);
  if (spec.tied.value_or(!store.contains(spec.head.path + ".weight"))) {
    binder.accept_copy(spec.head, spec.embedding);
  } else {
    bound.head = binder.bind(spec.head);
  }
  binder.refuse_unused();
  return bound;
}

float element(const BoundVector& from, std::size_t i) {
  if (from.dtype == kernels::DType::f32) {
    float value = 0.0F;
    std::memcpy(&value, from.bytes.data() + i * sizeof value, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, from.bytes.data() + i * sizeof bits, sizeof bits);
  return from.dtype == kernels::DType::f16 ? kernels::f32_from_f16(bits)
                                           : kernels::f32_from_bf16(bits);
}

/// Turns bound tensors into backend memory, and counts.
class Preparer {
 public:
  Preparer(const ModelFiles& files, Backend& backend, const WeightProgress& progress,
           std::size_t total)
      : files_(files), backend_(backend), progress_(progress), total_(total) {}

  std::unique_ptr<Buffer> vector(const BoundVector& from) {
    std::vector<float> values(from.bytes.size() / kernels::size_of(from.dtype));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = element(from, i);
    auto buffer = backend_.allocate(values.size());
    backend_.upload(*buffer, 0, values);
    census_.parameters += static_cast<std::int64_t>(values.size());
    census_.prepared_bytes += values.size() * sizeof(float);
    advance(from.bytes);
    return buffer;
  }

  std::unique_ptr<Buffer> vector(const std::optional<BoundVector>& from) {
    return from ? vector(*from) : nullptr;
  }

  std::unique_ptr<kernels::Weight> matrix(const BoundLinear& from) {
    auto weight = backend_.prepare_weight(from.source);
    census_.parameters += std::int64_t{from.source.rows} * from.source.cols;
    census_.prepared_bytes += weight->bytes();
    if (from.source.affine) ++formats_[{from.source.affine->bits, from.source.affine->group}];
    for (const auto& part : from.parts) advance(part);
    return weight;
  }

  LinearWeights linear(const BoundLinear& from) { return {matrix(from), vector(from.bias)}; }

  LayerWeights layer(const BoundLayer& from) {
    LayerWeights layer;
    layer.attention_norm = vector(from.attention_norm);
    layer.q = linear(from.q);
    layer.k = linear(from.k);
    layer.v = linear(from.v);
    layer.o = linear(from.o);
    layer.q_norm = vector(from.q_norm);
    layer.k_norm = vector(from.k_norm);
    layer.mlp_norm = vector(from.mlp_norm);
    layer.gate = linear(from.gate);
    layer.up = linear(from.up);
    layer.down = linear(from.down);
    return layer;
  }

  DecoderCensus census(kernels::DType dtype) const {
    DecoderCensus census = census_;
    census.dtype = dtype;
    for (const auto& [format, count] : formats_) {
      census.quantization += (census.quantization.empty() ? "affine " : ", ") +
                             std::to_string(format.first) + "-bit g" +
                             std::to_string(format.second);
    }
    return census;
  }

 private:
  void advance(std::span<const std::byte> consumed) {
    files_.release_pages(consumed);
    done_ += consumed.size();
    if (progress_) progress_(done_, total_);
  }

  const ModelFiles& files_;
  Backend& backend_;
  const WeightProgress& progress_;
  std::size_t total_;
  std::size_t done_ = 0;
  DecoderCensus census_;
  std::map<std::pair<std::int32_t, std::int32_t>, int> formats_;  // bits, group
};

std::size_t total_bytes(const BoundLinear& linear) {
  std::size_t bytes = linear.bias ? linear.bias->bytes.size() : 0;
  for (const auto& part : linear.parts) bytes += part.size();
  return bytes;
}

std::size_t total_bytes(const BoundDecoder& bound) {
  std::size_t bytes = total_bytes(bound.embedding) + bound.final_norm.bytes.size();
  if (bound.head) bytes += total_bytes(*bound.head);
  for (const BoundLayer& layer : bound.layers) {
    bytes += layer.attention_norm.bytes.size() + layer.mlp_norm.bytes.size();
    if (layer.q_norm) bytes += layer.q_norm->bytes.size();
    if (layer.k_norm) bytes += layer.k_norm->bytes.size();
    for (const BoundLinear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      bytes += total_bytes(*linear);
    }
  }
  return bytes;
}

}  // namespace

Decoder load_decoder(const ModelFiles& files, Backend& backend, const WeightProgress& progress) {
  const JsonObject config = JsonObject::from_file(files, "config.json");
  Decoder decoder;
  decoder.spec = make_decoder_spec(config);
  const QuantizationConfig quantization(config);
  const TensorStore store(files);
  TensorBinder binder(store, quantization);
  const BoundDecoder bound = bind_decoder(decoder.spec, store, binder);

  Preparer prepare(files, backend, progress, total_bytes(bound));
  DecoderWeights& weights = decoder.weights;
  weights.embedding = prepare.matrix(bound.embedding);
  for (const BoundLayer& layer : bound.layers) weights.layers.push_back(prepare.layer(layer));
  weights.final_norm = prepare.vector(bound.final_norm);
  if (bound.head) weights.head = prepare.linear(*bound.head);
  decoder.census = prepare.census(bound.final_norm.dtype);
  return decoder;
}

}  // namespace quire::engine
