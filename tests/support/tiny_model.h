// A model small enough for tests: a llama with seeded random weights and a byte-level BPE
// tokenizer, made in memory. Its answers are noise, but exact and reproducible noise.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/model_files.h"

namespace quire::testing {

struct TinyModelShape {
  std::int32_t layers = 2;
  std::int32_t heads = 4;
  std::int32_t kv_heads = 2;
  std::int32_t head_dim = 16;
  std::int32_t intermediate = 96;
  std::int32_t max_positions = 2048;
  std::uint64_t seed = 1;
};

/// Owns the bytes that ModelFiles::from_memory refers to: keep it as long as the model.
/// Tokens: <s> 0, </s> 1, <|user|> 2, <|assistant|> 3, <|end|> 4, then the 256 bytes, then merges
/// of common English pieces. Encoding puts <s> in front. The chat template writes
/// <|role|>content<|end|> per message, ends the prompt with <|assistant|>, lists the names of tools
/// and raises for a role that it does not know.
class TinyModel {
 public:
  explicit TinyModel(const TinyModelShape& shape = {});

  engine::ModelFiles files() const;
  engine::Model load(kernels::Backend& backend) const;

 private:
  std::string config_;
  std::string tokenizer_;
  std::string tokenizer_config_;
  std::vector<std::byte> weights_;
};

}  // namespace quire::testing
