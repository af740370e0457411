// A decoder ready to run: its spec and its weights, prepared for one backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/decoder/decoder_spec.h"
#include "engine/model_files.h"
#include "kernels/backend.h"

namespace quire::engine {

struct LinearWeights {
  std::unique_ptr<kernels::Weight> matrix;
  std::unique_ptr<kernels::Buffer> bias;  // null without
};

using Gain = std::unique_ptr<kernels::Buffer>;  // of a norm

struct LayerWeights {
  Gain attention_norm;
  LinearWeights q, k, v, o;
  Gain q_norm, k_norm;  // null without
  Gain mlp_norm;
  LinearWeights gate, up, down;
};

struct DecoderWeights {
  std::unique_ptr<kernels::Weight> embedding;
  std::vector<LayerWeights> layers;
  Gain final_norm;
  LinearWeights head;  // no matrix when tied

  const kernels::Weight& head_matrix() const { return head.matrix ? *head.matrix : *embedding; }
};

/// What the files turned out to hold.
struct DecoderCensus {
  std::int64_t parameters = 0;
  std::size_t prepared_bytes = 0;
  kernels::DType dtype = kernels::DType::bf16;  // of the final norm, which is never quantised
  std::string quantization;                     // "" or "affine 4-bit g64", mixed formats listed
};

struct Decoder {
  DecoderSpec spec;
  DecoderWeights weights;
  DecoderCensus census;
};

/// done, total: bytes of the files' tensors.
using WeightProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Reads config.json and the tensors. Everything is checked before anything is prepared; mapped
/// pages are given back as soon as their weight is. Throws LoadError.
Decoder load_decoder(const ModelFiles& files, kernels::Backend& backend,
                     const WeightProgress& progress);

}  // namespace quire::engine
