// plan(): who computes how many rows in the next step, who is admitted, who is preempted. A pure
// function of state and budget: no clock, no I/O, no randomness, nothing changed.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/prefix_index.h"
#include "scheduler/request.h"
#include "scheduler/state.h"

namespace quire::scheduler {

/// Rows of a running sequence.
struct Chunk {
  RequestId id{};
  std::int32_t rows = 0;  // >= 1
};

/// A waiting sequence that starts running: with `shared` blocks of others, and own blocks for the
/// rest of its tokens, all reserved at once.
struct Admission {
  RequestId id{};
  std::vector<BlockId> shared;
  std::int32_t rows = 0;  // >= 1
};

/// A waiting sequence whose next block is just being computed by another one.
struct Deferral {
  RequestId id{};
  BlockHash block;
};

/// To be carried out in this order.
struct StepPlan {
  std::vector<RequestId> preempted;
  std::vector<Admission> admitted;
  std::vector<Chunk> chunks;
  std::vector<Deferral> deferred;

  bool empty() const noexcept { return chunks.empty() && admitted.empty(); }
};

/// REQUIRES: `budget` rows >= state.running.size(). Not empty when any sequence lives.
///
/// 1. Every running sequence with one token to compute gets its row. Where that needs a block and
///    none is left, the last in order is preempted, until there is one; the first in order never
///    is.
/// 2. The other running sequences share the rest in order. Half of it is kept for prompts short
///    enough to be finished with it, so that nobody waits for somebody else's long prompt.
/// 3. Waiting sequences are admitted in order while rows, sequences and blocks last, unless
/// somebody
///    was just preempted. Who lacks blocks holds up everyone behind; who lacks rows or waits for a
///    block in flight does not.
StepPlan plan(const State& state, std::int32_t budget);

}  // namespace quire::scheduler
