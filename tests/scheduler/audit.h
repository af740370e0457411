// audit(): recounts everything that the scheduler's state says about itself, from first principles.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "scheduler/state.h"

namespace quire::scheduler::testing {

inline std::string audit_blocks(const State& state) {
  std::map<BlockId, std::int32_t> leases;
  for (const auto& [id, sequence] : state.sequences) {
    for (const BlockId block : sequence->blocks.ids()) ++leases[block];
  }
  std::int32_t free = 0, cached = 0, in_use = 0, indexed = 0;
  for (std::int32_t i = 0; i < state.pool.total(); ++i) {
    const BlockId block{i};
    const std::int32_t references = state.pool.references(block);
    const auto held = leases.find(block);
    if (references != (held == leases.end() ? 0 : held->second)) {
      return "block " + std::to_string(i) + " has references that no sequence holds, or too few";
    }
    indexed += state.pool.indexed(block) ? 1 : 0;
    (references > 0 ? in_use : state.pool.indexed(block) ? cached : free) += 1;
  }
  if (free != state.pool.free() || cached != state.pool.cached() || in_use != state.pool.in_use()) {
    return "the pool's counters are not what a recount gives";
  }
  if (free + cached + in_use != state.pool.total()) return "free + cached + in use != total";
  if (indexed != static_cast<std::int32_t>(state.index.size())) {
    return "the index and the pool disagree on what is indexed";
  }
  return {};
}

inline std::string audit_sequences(const State& state) {
  std::set<const Sequence*> seen;
  std::set<std::pair<std::uint64_t, std::uint64_t>> claims;
  for (const auto* list : {&state.running, &state.waiting}) {
    const Sequence* previous = nullptr;
    for (const Sequence* sequence : *list) {
      if (!seen.insert(sequence).second) return "a sequence is listed twice";
      if (previous != nullptr && !state.before(*previous, *sequence))
        return "a list is out of order";
      previous = sequence;
      if (sequence->remaining() < 1) return "a live sequence has nothing to compute";
      if (sequence->blocks.size() < blocks_for(sequence->computed))
        return "computed without blocks";
      for (std::int32_t i = sequence->settled_blocks; i < sequence->claimed_blocks; ++i) {
        const BlockHash& hash = sequence->hashes[static_cast<std::size_t>(i)];
        if (state.in_flight.owner(hash) == sequence->id) claims.emplace(hash.low, hash.high);
      }
    }
  }
  for (const Sequence* sequence : state.waiting) {
    if (sequence->computed != 0 || sequence->blocks.size() != 0)
      return "a waiting one holds blocks";
    if (sequence->claimed_blocks != 0) return "a waiting one holds claims";
  }
  if (seen.size() != state.sequences.size()) return "a sequence is neither running nor waiting";
  if (claims.size() != state.in_flight.size()) return "a claim has no owner who computes it";
  if (static_cast<std::int32_t>(state.running.size()) > state.max_running()) return "too many run";
  return {};
}

/// Empty when all is well. To be called between steps.
inline std::string audit(const State& state) {
  std::string wrong = audit_blocks(state);
  return wrong.empty() ? audit_sequences(state) : wrong;
}

}  // namespace quire::scheduler::testing
