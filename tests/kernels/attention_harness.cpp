#include "tests/kernels/attention_harness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace quire::kernels {
namespace {

constexpr std::int32_t kLayers = 2;  // layer 1 is used, layer 0 must not matter

/// The state that survives a step.
class Run {
 public:
  Run(Backend& backend, const AttentionShape& shape, const std::vector<SequenceValues>& sequences,
      std::uint32_t seed)
      : backend_(backend), shape_(shape), sequences_(sequences), outputs(sequences.size()) {
    std::int32_t blocks = 0;
    for (const SequenceValues& sequence : sequences) blocks += blocks_of(sequence);
    blocks += 3;  // some stay free
    std::vector<BlockId> free;
    for (std::int32_t i = 0; i < blocks; ++i) free.push_back(BlockId{i});
    std::mt19937 random(seed);
    for (std::size_t i = free.size() - 1; i > 0; --i) std::swap(free[i], free[random() % (i + 1)]);
    cache_ = backend.make_kv_cache({kLayers, blocks, shape.kv_heads, shape.head_dim, shape.dtype});
    poison(free);
    for (const SequenceValues& sequence : sequences) {
      const auto count = static_cast<std::ptrdiff_t>(blocks_of(sequence));
      tables_.emplace_back(free.begin(), free.begin() + count);
      free.erase(free.begin(), free.begin() + count);
    }
    done_.assign(sequences.size(), 0);
  }

  void step(const std::vector<Chunk>& chunks) {
    SequenceValues rows;
    std::vector<SequenceRows> views;
    for (const Chunk& chunk : chunks) {
      const std::size_t s = chunk.sequence;
      const std::int32_t first = done_[s];
      append(rows.q, rows_of(sequences_[s].q, q_cols(), first, chunk.rows));
      append(rows.k, rows_of(sequences_[s].k, kv_cols(), first, chunk.rows));
      append(rows.v, rows_of(sequences_[s].v, kv_cols(), first, chunk.rows));
      views.push_back({rows.rows, chunk.rows, first, tables_[s]});
      rows.rows += chunk.rows;
      done_[s] += chunk.rows;
    }
    const Values out = compute(rows, views);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      append(outputs[chunks[i].sequence],
             rows_of(out, q_cols(), views[i].first_row, views[i].rows));
    }
  }

 private:
  static std::int32_t blocks_of(const SequenceValues& sequence) {
    return (sequence.rows + kBlockTokens - 1) / kBlockTokens;
  }
  static void append(Values& to, const Values& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  std::int32_t q_cols() const { return shape_.heads * shape_.head_dim; }
  std::int32_t kv_cols() const { return shape_.kv_heads * shape_.head_dim; }

  /// Fills every slot of the cache with NaN through the backend's own op.
  void poison(const std::vector<BlockId>& blocks) {
    SequenceValues nan;
    nan.rows = static_cast<std::int32_t>(blocks.size()) * kBlockTokens;
    const auto rows = static_cast<std::size_t>(nan.rows);
    const float value = std::numeric_limits<float>::quiet_NaN();
    nan.q.assign(rows * static_cast<std::size_t>(q_cols()), 0.0F);
    nan.k.assign(rows * static_cast<std::size_t>(kv_cols()), value);
    nan.v = nan.k;
    const std::vector<SequenceRows> views = {{0, nan.rows, 0, blocks}};
    store(nan, views);
  }

  struct Stored {
    OwnedMatrix q, k, v, angles;
  };

  Stored store(const SequenceValues& rows, const std::vector<SequenceRows>& views) {
    backend_.begin_step({rows.rows, views});
    Stored stored = {make_matrix(backend_, rows.q, rows.rows, q_cols(), {1, 2}),
                     make_matrix(backend_, rows.k, rows.rows, kv_cols(), {2, 1}),
                     make_matrix(backend_, rows.v, rows.rows, kv_cols(), {3, 0}),
                     make_output(backend_, rows.rows, shape_.head_dim)};
    RopeFrequencies frequencies = make_rope_frequencies({.rotary_dim = shape_.head_dim});
    if (!shape_.rotated) std::fill(frequencies.inverse.begin(), frequencies.inverse.end(), 0.0F);
    backend_.rope_angles(frequencies, stored.angles.view);
    const auto gain =
        make_vector(backend_, random_values(static_cast<std::size_t>(shape_.head_dim), 99, 2.0F));
    const Buffer* gains = shape_.normed ? gain.get() : nullptr;
    backend_.rope_store({.q = stored.q.view,
                         .k = stored.k.view,
                         .v = stored.v.view,
                         .angles = stored.angles.view,
                         .q_gain = gains,
                         .k_gain = gains,
                         .head_dim = shape_.head_dim,
                         .cache = cache_.get(),
                         .layer = kLayers - 1});
    return stored;
  }

  Values compute(const SequenceValues& rows, const std::vector<SequenceRows>& views) {
    const Stored stored = store(rows, views);
    const OwnedMatrix out = make_output(backend_, rows.rows, q_cols(), {5, 3});
    backend_.attention({.q = stored.q.view,
                        .cache = cache_.get(),
                        .layer = kLayers - 1,
                        .scale = 1.0F / std::sqrt(static_cast<float>(shape_.head_dim)),
                        .window = shape_.window,
                        .out = out.view});
    expect_surroundings_untouched(backend_, stored.q, "q");
    expect_surroundings_untouched(backend_, stored.k, "k");
    expect_surroundings_untouched(backend_, out, "out");
    return read(backend_, out.view);
  }

  Backend& backend_;
  const AttentionShape& shape_;
  const std::vector<SequenceValues>& sequences_;
  std::unique_ptr<KvCache> cache_;
  std::vector<std::vector<BlockId>> tables_;
  std::vector<std::int32_t> done_;

 public:
  std::vector<Values> outputs;
};

}  // namespace

SequenceValues random_sequence(const AttentionShape& shape, std::int32_t rows, std::uint32_t seed) {
  const auto count = [&](std::int32_t heads) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(heads * shape.head_dim);
  };
  return {rows, random_values(count(shape.heads), 3 * seed, 2.0F),
          random_values(count(shape.kv_heads), 3 * seed + 1, 2.0F),
          random_values(count(shape.kv_heads), 3 * seed + 2, 1.0F)};
}

Schedule at_once(const std::vector<SequenceValues>& sequences) {
  Schedule schedule(1);
  for (std::size_t s = 0; s < sequences.size(); ++s) schedule[0].push_back({s, sequences[s].rows});
  return schedule;
}

Schedule in_chunks(const std::vector<SequenceValues>& sequences, std::int32_t rows) {
  Schedule schedule;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (std::int32_t done = 0; done < sequences[s].rows; done += rows) {
      schedule.push_back({{s, std::min(rows, sequences[s].rows - done)}});
    }
  }
  return schedule;
}

std::vector<Values> attend(Backend& backend, const AttentionShape& shape,
                           const std::vector<SequenceValues>& sequences, const Schedule& schedule,
                           std::uint32_t seed) {
  Run run(backend, shape, sequences, seed);
  for (const std::vector<Chunk>& chunks : schedule) run.step(chunks);
  return run.outputs;
}

Values attend_alone(Backend& backend, const AttentionShape& shape, const SequenceValues& sequence) {
  return attend(backend, shape, {sequence}, at_once({sequence})).front();
}

}  // namespace quire::kernels
