// State: everything a plan is made from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "scheduler/block_pool.h"
#include "scheduler/config.h"
#include "scheduler/order.h"
#include "scheduler/prefix_index.h"
#include "scheduler/sequence.h"

namespace quire::scheduler {

/// Full blocks that running sequences are about to compute, so that an equal prompt can wait for
/// them. The first claim counts; a block computed twice is merged when it is committed.
/// Thread: engine only.
class InFlight {
 public:
  void claim(const BlockHash& hash, RequestId owner) { owners_.try_emplace(hash, owner); }
  void release(const BlockHash& hash, RequestId owner) {
    const auto found = owners_.find(hash);
    if (found != owners_.end() && found->second == owner) owners_.erase(found);
  }
  std::optional<RequestId> owner(const BlockHash& hash) const {
    const auto found = owners_.find(hash);
    return found == owners_.end() ? std::nullopt : std::optional(found->second);
  }
  std::size_t size() const noexcept { return owners_.size(); }

 private:
  std::unordered_map<BlockHash, RequestId, HashOfBlockHash> owners_;
};

/// Invariants between steps: every sequence is in exactly one of `running` and `waiting`, both
/// sorted by `before`; a running one holds blocks for its computed tokens at least, a waiting one
/// none. Thread: engine only.
struct State {
  explicit State(const SchedulerConfig& limits)
      : config(limits),
        before(order_of(limits.order)),
        index(limits.kv_blocks),
        pool(limits.kv_blocks, [this](BlockId block) { index.erase(block); }) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// So many that each running one gets at least one row of every step.
  std::int32_t max_running() const noexcept {
    return std::min(config.max_sequences, config.max_batch_tokens);
  }
  const Sequence& sequence(RequestId id) const { return *sequences.at(id); }

  SchedulerConfig config;
  Before before;
  PrefixIndex index;
  BlockPool pool;
  InFlight in_flight;
  std::unordered_map<RequestId, std::unique_ptr<Sequence>> sequences;
  std::vector<Sequence*> running;
  std::vector<Sequence*> waiting;
};

}  // namespace quire::scheduler
