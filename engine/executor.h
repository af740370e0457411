// Executor: runs forward steps of one model on one backend. Owns the KV cache and all activation
// buffers, sized once; a step allocates nothing per token.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/model.h"
#include "engine/step.h"
#include "kernels/backend.h"

namespace quire::engine {

struct ExecutorConfig {
  std::int32_t max_batch_rows = 512;   // rows of one step (the scheduler's token budget)
  std::int32_t max_sequences = 256;    // sequences of one step
  std::int32_t kv_blocks = 0;          // blocks of kBlockTokens, >= 1
  kernels::DType kv_dtype = kernels::DType::bf16;
};

/// Thread: engine only (one thread at a time).
class Executor {
 public:
  /// Model and backend must outlive it. Throws kernels::DeviceError when memory does not suffice.
  Executor(const Model& model, kernels::Backend& backend, const ExecutorConfig& config);
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;
  ~Executor();

  /// Runs one step. REQUIRES: results.size() == steps.size(), rows within the config.
  /// Throws kernels::DeviceError if the device failed: then no result is valid.
  void run(std::span<const SequenceStep> steps, std::span<SequenceResult> results);

  const ExecutorConfig& config() const noexcept;
  /// Bytes of one KV block over all layers, for planning.
  static std::size_t kv_block_bytes(const ModelSummary& summary, kernels::DType kv_dtype) noexcept;
  /// Bytes of activations for a config, for planning.
  std::size_t workspace_bytes() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::engine
