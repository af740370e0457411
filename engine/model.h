// A loaded model: config, prepared weights, tokenizer and chat template, ready for an Executor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/chat_template.h"
#include "engine/model_files.h"
#include "engine/sampling_params.h"
#include "engine/tokenizer.h"
#include "kernels/backend.h"

namespace quire::engine {

/// What the layers above need to know of a model's config.json and generation_config.json.
struct ModelSummary {
  std::string model_type;          // "llama"
  std::int32_t vocab_size = 0;     // rows of the logits
  std::int32_t max_positions = 0;  // max_position_embeddings
  std::int32_t layers = 0;
  std::int32_t heads = 0;
  std::int32_t kv_heads = 0;
  std::int32_t head_dim = 0;
  std::int64_t parameters = 0;
  std::size_t weight_bytes = 0;    // prepared
  kernels::DType dtype = kernels::DType::bf16;  // of the unquantised tensors
  std::string quantization;        // "" or "affine 4-bit g64"
  std::vector<TokenId> eos;        // sorted; from generation_config, else config, else tokenizer
};

/// Sampling defaults that generation_config.json names (temperature, top_k, top_p, ...).
struct SamplingDefaults {
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<std::int32_t> top_k;
};

/// done, total: prepared bytes of weights so far. Called on the loading thread.
using LoadProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Immutable once loaded. The backend must outlive it. Thread: any.
class Model {
 public:
  /// Reads, validates and prepares everything. Throws LoadError (bad or unsupported model: names
  /// file, key, value, remedy).
  static Model load(ModelFiles files, kernels::Backend& backend, const LoadProgress& progress = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const ModelSummary& summary() const noexcept;
  const SamplingDefaults& sampling_defaults() const noexcept;
  const Tokenizer& tokenizer() const noexcept;
  /// Null when the folder has none.
  const ChatTemplate* chat_template() const noexcept;
  /// bos_token, eos_token and the other special tokens of tokenizer_config.json, as the variables
  /// a chat template sees.
  const nlohmann::ordered_json& template_variables() const noexcept;

 private:
  friend class Executor;
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::engine
