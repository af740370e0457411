#include "engine/decoder/forward.h"

#include <array>

namespace quire::engine {
namespace {

using kernels::LinearTerm;
using kernels::Matrix;

LinearTerm term(const LinearWeights& weights, Matrix out) {
  return {weights.matrix.get(), weights.bias.get(), out};
}

/// The workspace cut down to the rows of one batch.
struct Rows {
  explicit Rows(const Workspace& all, std::int32_t rows)
      : residual(all.residual.top(rows)),
        normed(all.normed.top(rows)),
        delta(all.delta.top(rows)),
        q(all.q.top(rows)),
        k(all.k.top(rows)),
        v(all.v.top(rows)),
        attended(all.attended.top(rows)),
        gate(all.gate.top(rows)),
        up(all.up.top(rows)),
        angles(all.angles.top(rows)) {}

  Matrix residual, normed, delta, q, k, v, attended, gate, up, angles;
};

/// x.delta = attention(x.normed)
void run_attention(const ForwardContext& context, std::int32_t layer, const Rows& x) {
  const DecoderSpec& spec = context.decoder.spec;
  const auto index = static_cast<std::size_t>(layer);
  const LayerWeights& weights = context.decoder.weights.layers[index];

  context.backend.linear(
      x.normed, std::array{term(weights.q, x.q), term(weights.k, x.k), term(weights.v, x.v)});
  context.backend.rope_store({.q = x.q,
                              .k = x.k,
                              .v = x.v,
                              .angles = x.angles,
                              .q_gain = weights.q_norm.get(),
                              .k_gain = weights.k_norm.get(),
                              .norm_epsilon = spec.norm_epsilon,
                              .head_dim = spec.head_dim,
                              .cache = &context.cache,
                              .layer = layer});
  context.backend.attention({.q = x.q,
                             .cache = &context.cache,
                             .layer = layer,
                             .scale = spec.attention_scale,
                             .window = spec.layers[index].attention.window,
                             .out = x.attended});
  context.backend.linear(x.attended, std::array{term(weights.o, x.delta)});
}

/// x.delta = mlp(x.normed)
void run_mlp(const ForwardContext& context, const LayerWeights& weights, const Rows& x) {
  context.backend.linear(x.normed, std::array{term(weights.gate, x.gate), term(weights.up, x.up)});
  context.backend.gated_activation(
      {.kind = context.decoder.spec.activation, .gate = x.gate, .up = x.up, .out = x.gate,
       .next = weights.down.matrix.get()});
  context.backend.linear(x.gate, std::array{term(weights.down, x.delta)});
}

}  // namespace

Workspace::Workspace(const DecoderSpec& spec, kernels::Backend& backend, std::int32_t rows,
                     std::int32_t logit_rows)
    : residual(allocate(backend, rows, spec.width)),
      normed(allocate(backend, rows, spec.width)),
      delta(allocate(backend, rows, spec.width)),
      q(allocate(backend, rows, spec.heads * spec.head_dim)),
      k(allocate(backend, rows, spec.kv_heads * spec.head_dim)),
      v(allocate(backend, rows, spec.kv_heads * spec.head_dim)),
      attended(allocate(backend, rows, spec.heads * spec.head_dim)),
      gate(allocate(backend, rows, spec.inner)),
      up(allocate(backend, rows, spec.inner)),
      angles(allocate(backend, rows, spec.rope.rotary_dim)),
      chosen_residual(allocate(backend, logit_rows, spec.width)),
      chosen_delta(allocate(backend, logit_rows, spec.width)),
      chosen_normed(allocate(backend, logit_rows, spec.width)),
      logits(allocate(backend, logit_rows, spec.vocab_size)) {}

Matrix Workspace::allocate(kernels::Backend& backend, std::int32_t rows, std::int32_t cols) {
  const std::size_t floats = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
  buffers_.push_back(backend.allocate(floats));
  floats_ += floats;
  return {buffers_.back().get(), 0, rows, cols, cols};
}

void forward(const ForwardContext& context, const kernels::BatchView& batch,
             std::span<const std::int32_t> ids) {
  const DecoderWeights& weights = context.decoder.weights;
  const float epsilon = context.decoder.spec.norm_epsilon;
  const Rows x(context.workspace, batch.rows);

  context.backend.begin_step(batch);
  context.backend.embed(*weights.embedding, ids, x.residual);
  context.backend.rope_angles(context.rope, x.angles);
  // Each block's output stays in x.delta until the next norm adds it to the residual.
  const Matrix* delta = nullptr;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerWeights& layer = weights.layers[i];
    context.backend.rms_norm({x.residual, delta, layer.attention_norm.get(), epsilon, x.normed,
                              layer.q.matrix.get()});
    run_attention(context, static_cast<std::int32_t>(i), x);
    delta = &x.delta;
    context.backend.rms_norm({x.residual, delta, layer.mlp_norm.get(), epsilon, x.normed,
                              layer.gate.matrix.get()});
    run_mlp(context, layer, x);
  }
}

Matrix project_logits(const ForwardContext& context, std::span<const std::int32_t> rows) {
  const Decoder& decoder = context.decoder;
  const Workspace& all = context.workspace;
  const auto count = static_cast<std::int32_t>(rows.size());
  const Matrix residual = all.chosen_residual.top(count);
  const Matrix delta = all.chosen_delta.top(count);
  const Matrix normed = all.chosen_normed.top(count);
  const Matrix logits = all.logits.top(count);

  context.backend.gather_rows(all.residual, rows, residual);
  context.backend.gather_rows(all.delta, rows, delta);
  context.backend.rms_norm(
      {residual, &delta, decoder.weights.final_norm.get(), decoder.spec.norm_epsilon, normed,
       &decoder.weights.head_matrix()});
  context.backend.linear(normed,
                         std::array{LinearTerm{&decoder.weights.head_matrix(), nullptr, logits}});
  return logits;
}

}  // namespace quire::engine
