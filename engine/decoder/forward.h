// The forward pass: a DecoderSpec run through a Backend's ops over one mixed batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/decoder/decoder.h"
#include "kernels/backend.h"

namespace quire::engine {

/// Activations of one step, sized once. Thread: engine only.
class Workspace {
  // First, because the constructor fills them while it makes the matrices.
  std::vector<std::unique_ptr<kernels::Buffer>> buffers_;
  std::size_t floats_ = 0;

 public:
  /// Room for `rows` rows, and for the logits of `logit_rows` of them at a time.
  Workspace(const DecoderSpec& spec, kernels::Backend& backend, std::int32_t rows,
            std::int32_t logit_rows);

  std::size_t bytes() const noexcept { return floats_ * sizeof(float); }

  // [rows, ...]
  kernels::Matrix residual;  // [.., width]
  kernels::Matrix normed;    // [.., width]
  kernels::Matrix delta;     // [.., width], what the next norm adds to the residual
  kernels::Matrix q;         // [.., heads * head_dim]
  kernels::Matrix k, v;      // [.., kv_heads * head_dim]
  kernels::Matrix attended;  // [.., heads * head_dim]
  kernels::Matrix gate, up;  // [.., inner]
  kernels::Matrix angles;    // [.., rotary_dim]
  // [logit_rows, ...]
  kernels::Matrix chosen_residual, chosen_delta, chosen_normed;  // [.., width]
  kernels::Matrix logits;                                        // [.., vocab_size]

 private:
  kernels::Matrix allocate(kernels::Backend& backend, std::int32_t rows, std::int32_t cols);
};

/// One model on one backend with its cache and workspace.
struct ForwardContext {
  const Decoder& decoder;
  const kernels::RopeFrequencies& rope;
  kernels::Backend& backend;
  kernels::KvCache& cache;
  Workspace& workspace;
};

/// All layers over the batch: K and V of every row go to the cache; the final hidden state is
/// workspace.residual + workspace.delta. `ids` [batch.rows].
void forward(const ForwardContext& context, const kernels::BatchView& batch,
             std::span<const std::int32_t> ids);

/// Logits of the rows `rows` of the batch that forward ran, in workspace.logits.
/// REQUIRES: no more rows than the workspace's logit_rows.
kernels::Matrix project_logits(const ForwardContext& context, std::span<const std::int32_t> rows);

}  // namespace quire::engine
