#include "engine/executor.h"

#include <algorithm>
#include <vector>

#include "engine/decoder/forward.h"
#include "engine/decoder/model_impl.h"
#include "engine/sampler.h"
#include "kernels/invariant.h"

namespace quire::engine {
namespace {

// Rows whose logits exist at a time: bounds the workspace (64 rows of 152k f32 logits are 39 MB)
// and still gives the head's matrix enough rows per pass over it.
constexpr std::int32_t kLogitRows = 64;

kernels::KvCacheShape cache_shape(const ModelSummary& summary, kernels::DType dtype,
                                  std::int32_t blocks) {
  return {.layers = summary.layers,
          .blocks = blocks,
          .kv_heads = summary.kv_heads,
          .head_dim = summary.head_dim,
          .dtype = dtype};
}

/// A row of the batch whose logits somebody wants.
struct LogitRow {
  std::int32_t row = 0;        // of the batch
  std::size_t sequence = 0;    // of the step
  std::int32_t successor = 0;  // position that the logits predict
};

bool scores_prompt(const SequenceStep& step) {
  return step.sampling != nullptr && step.sampling->prompt_logprobs;
}

}  // namespace

struct Executor::Impl {
  Impl(const Model::Impl& model_impl, kernels::Backend& the_backend,
       const ExecutorConfig& the_config)
      : model(model_impl),
        backend(the_backend),
        config(the_config),
        rope(kernels::make_rope_frequencies(model.decoder.spec.rope)),
        cache(backend.make_kv_cache(cache_shape(model.summary, config.kv_dtype, config.kv_blocks))),
        logit_rows(std::min(config.max_batch_rows, kLogitRows)),
        workspace(model.decoder.spec, backend, config.max_batch_rows, logit_rows),
        vocab(static_cast<std::size_t>(model.decoder.spec.vocab_size)),
        host_logits(static_cast<std::size_t>(logit_rows) * vocab) {
    ids.reserve(static_cast<std::size_t>(config.max_batch_rows));
    sequences.reserve(static_cast<std::size_t>(config.max_sequences));
    wanted.reserve(static_cast<std::size_t>(config.max_batch_rows));
    slab_rows.reserve(static_cast<std::size_t>(logit_rows));
  }

  void collect(std::span<const SequenceStep> steps);
  void want_logits(const SequenceStep& step, std::size_t sequence, std::int32_t first_row);
  void run_logits(std::span<const SequenceStep> steps, std::span<SequenceResult> results);
  void apply(const SequenceStep& step, const LogitRow& row, std::span<const float> logits,
             SequenceResult& result);

  const Model::Impl& model;
  kernels::Backend& backend;
  ExecutorConfig config;
  kernels::RopeFrequencies rope;
  std::unique_ptr<kernels::KvCache> cache;
  std::int32_t logit_rows;
  Workspace workspace;
  std::size_t vocab;
  SamplerScratch scratch;
  // Of the current step; capacity is reserved above.
  std::vector<float> host_logits;  // [logit_rows, vocab]
  std::vector<std::int32_t> ids;
  std::vector<kernels::SequenceRows> sequences;
  std::vector<LogitRow> wanted;
  std::vector<std::int32_t> slab_rows;
};

/// Flattens the steps into one batch.
void Executor::Impl::collect(std::span<const SequenceStep> steps) {
  ids.clear();
  sequences.clear();
  wanted.clear();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const SequenceStep& step = steps[i];
    const auto end =
        static_cast<std::size_t>(step.first_position) + static_cast<std::size_t>(step.rows);
    INVARIANT(step.rows >= 1 && step.first_position >= 0, "a sequence's rows in a step");
    INVARIANT(end <= step.tokens.size(), "a step computes tokens that exist");
    INVARIANT(!step.sample || end == step.tokens.size(), "only the last token has a next one");
    INVARIANT(step.blocks.size() * kBlockTokens >= end, "blocks cover a step's positions");
    const auto first_row = static_cast<std::int32_t>(ids.size());
    for (const TokenId id : step.tokens.subspan(static_cast<std::size_t>(step.first_position),
                                                static_cast<std::size_t>(step.rows))) {
      INVARIANT(id >= 0 && static_cast<std::size_t>(id) < vocab, "token ids are in the vocabulary");
      ids.push_back(id);
    }
    sequences.push_back({first_row, step.rows, step.first_position, step.blocks});
    want_logits(step, i, first_row);
  }
}

/// Prompt rows that nobody asked about never reach the head.
void Executor::Impl::want_logits(const SequenceStep& step, std::size_t sequence,
                                 std::int32_t first_row) {
  for (std::int32_t i = 0; i < step.rows; ++i) {
    const std::int32_t successor = step.first_position + i + 1;
    const bool is_prompt = successor < step.prompt_tokens;
    const bool is_last = i + 1 == step.rows;
    if ((is_prompt && scores_prompt(step)) || (is_last && step.sample)) {
      wanted.push_back({first_row + i, sequence, successor});
    }
  }
}

void Executor::Impl::run_logits(std::span<const SequenceStep> steps,
                                std::span<SequenceResult> results) {
  const ForwardContext context{model.decoder, rope, backend, *cache, workspace};
  std::size_t count = 0;
  for (std::size_t first = 0; first < wanted.size(); first += count) {
    count = std::min(wanted.size() - first, static_cast<std::size_t>(logit_rows));
    const std::span slab(wanted.data() + first, count);
    slab_rows.clear();
    for (const LogitRow& row : slab) slab_rows.push_back(row.row);
    const std::span host(host_logits.data(), count * vocab);
    backend.download(project_logits(context, slab_rows), host);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t sequence = slab[i].sequence;
      apply(steps[sequence], slab[i], host.subspan(i * vocab, vocab), results[sequence]);
    }
  }
}

/// Samples the successor, or scores the prompt token that stands there.
void Executor::Impl::apply(const SequenceStep& step, const LogitRow& row,
                           std::span<const float> logits, SequenceResult& result) {
  if (result.error) return;
  const auto successor = static_cast<std::size_t>(row.successor);
  const bool samples = successor == step.tokens.size();
  auto outcome =
      samples ? sample_token({logits, step.tokens, step.prompt_tokens, step.sampling}, scratch)
              : score_token(logits, step.tokens[successor], step.sampling->top_logprobs, scratch);
  if (!outcome.ok()) {
    result.error = outcome.error();
  } else if (samples) {
    result.sampled = std::move(outcome).value();
  } else {
    result.prompt_logprobs.push_back(std::move(outcome).value());
  }
}

Executor::Executor(const Model& model, kernels::Backend& backend, const ExecutorConfig& config)
    : impl_(std::make_unique<Impl>(*model.impl_, backend, config)) {}
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;
Executor::~Executor() = default;

void Executor::run(std::span<const SequenceStep> steps, std::span<SequenceResult> results) {
  INVARIANT(results.size() == steps.size(), "one result for each sequence of a step");
  INVARIANT(steps.size() <= static_cast<std::size_t>(config().max_sequences),
            "a step's sequences are within the executor's config");
  std::fill(results.begin(), results.end(), SequenceResult{});
  if (steps.empty()) return;
  Impl& impl = *impl_;
  impl.collect(steps);
  const auto rows = static_cast<std::int32_t>(impl.ids.size());
  INVARIANT(rows <= impl.config.max_batch_rows, "a step's rows are within the executor's config");
  const kernels::BatchView batch{rows, impl.sequences};
  forward({impl.model.decoder, impl.rope, impl.backend, *impl.cache, impl.workspace}, batch,
          impl.ids);
  impl.run_logits(steps, results);
}

const ExecutorConfig& Executor::config() const noexcept {
  return impl_->config;
}

std::size_t Executor::kv_block_bytes(const ModelSummary& summary,
                                     kernels::DType kv_dtype) noexcept {
  return cache_shape(summary, kv_dtype, 1).block_bytes();
}

std::size_t Executor::workspace_bytes() const noexcept {
  return impl_->workspace.bytes() + impl_->host_logits.size() * sizeof(float);
}

}  // namespace quire::engine
