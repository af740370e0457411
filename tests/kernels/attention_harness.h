// Runs rope_store and attention of one layer over given queries, keys and values, in any schedule
// of mixed batches: what a step of a model does, without the model.
#pragma once

#include "tests/kernels/backend_fixture.h"

namespace quire::kernels {

struct AttentionShape {
  std::int32_t heads = 4;
  std::int32_t kv_heads = 2;
  std::int32_t head_dim = 64;
  DType dtype = DType::f32;
  std::int32_t window = 0;
  bool rotated = true;  // false: every angle is 0, so that q and K stay exactly as given
  bool normed = false;  // per-head norms of q and k
};

/// Row-major values of one sequence: q [rows, heads * head_dim], k and v [rows, kv_heads *
/// head_dim].
struct SequenceValues {
  std::int32_t rows = 0;
  Values q, k, v;
};

SequenceValues random_sequence(const AttentionShape& shape, std::int32_t rows, std::uint32_t seed);

/// The next `rows` rows of sequence `sequence`.
struct Chunk {
  std::size_t sequence = 0;
  std::int32_t rows = 0;
};
using Schedule = std::vector<std::vector<Chunk>>;  // steps of chunks

/// All rows of every sequence in one step.
Schedule at_once(const std::vector<SequenceValues>& sequences);
/// Steps of at most `rows` rows of one sequence after the other.
Schedule in_chunks(const std::vector<SequenceValues>& sequences, std::int32_t rows);

/// The attention output of every sequence [rows, heads * head_dim]. Blocks are given out in an
/// order shuffled by `seed`; unused ones, and the slots behind a sequence's end, hold NaN of an
/// earlier owner.
std::vector<Values> attend(Backend& backend, const AttentionShape& shape,
                           const std::vector<SequenceValues>& sequences, const Schedule& schedule,
                           std::uint32_t seed = 1);

/// As attend for one sequence in one step.
Values attend_alone(Backend& backend, const AttentionShape& shape, const SequenceValues& sequence);

}  // namespace quire::kernels
