#include "scheduler/plan.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "kernels/invariant.h"

namespace quire::scheduler {
namespace {

// Waiting sequences that are matched against the prefix index and then passed over in one step: it
// bounds the time that planning takes, whatever the queue holds.
constexpr std::int32_t kMaxPassedOver = 64;

/// What the pool would look like after the plan so far.
class BlockLedger {
 public:
  explicit BlockLedger(const BlockPool& pool) : pool_(pool), available_(pool.available()) {}

  std::int32_t available() const noexcept { return available_; }
  void take(std::int32_t blocks) noexcept { available_ -= blocks; }
  void give_back(std::span<const BlockId> blocks) {
    for (const BlockId block : blocks) {
      if (references(block) == 1) ++available_;
      --changes_[block];
    }
  }
  void share(std::span<const BlockId> blocks) {
    available_ -= cost_of_sharing(blocks);
    for (const BlockId block : blocks) ++changes_[block];
  }
  /// How many of `blocks` are available now and would not be any more.
  std::int32_t cost_of_sharing(std::span<const BlockId> blocks) const {
    return static_cast<std::int32_t>(
        std::ranges::count_if(blocks, [this](BlockId block) { return references(block) == 0; }));
  }

 private:
  std::int32_t references(BlockId block) const {
    const auto change = changes_.find(block);
    return pool_.references(block) + (change == changes_.end() ? 0 : change->second);
  }

  const BlockPool& pool_;
  std::int32_t available_;
  std::unordered_map<BlockId, std::int32_t> changes_;  // of reference counts
};

class Planner {
 public:
  Planner(const State& state, std::int32_t budget)
      : state_(state), ledger_(state.pool), left_(budget), kept_runs_(state.running.size()) {}

  StepPlan make() {
    plan_single_rows();
    express_ = left_ / 2;
    plan_chunks();
    if (plan_.preempted.empty()) admit_waiting();
    spend_rest();
    if (plan_.preempted.empty()) admit_waiting();
    std::erase_if(plan_.chunks, [](const Chunk& chunk) { return chunk.rows == 0; });
    return std::move(plan_);
  }

 private:
  void plan_single_rows();
  void plan_chunks();
  void admit_waiting();
  void spend_rest();

  bool make_room_for(std::size_t index);
  void preempt_last();
  std::int32_t grant(std::int32_t wanted);
  std::int32_t could_grant(std::int32_t wanted) const;
  std::optional<BlockHash> awaited_block(const Sequence& sequence, std::size_t known) const;
  bool still_waits(const Sequence& sequence) const;
  bool in_flight(const BlockHash& hash, const Sequence& waiter) const;
  bool fits(const Sequence& sequence, std::span<const BlockId> shared) const;
  void admit(const Sequence& sequence, std::vector<BlockId> shared);

  const State& state_;
  BlockLedger ledger_;
  std::int32_t left_;         // rows of the budget not given away yet
  std::int32_t express_ = 0;  // of these, kept for prompts that they can finish
  std::size_t kept_runs_;     // running[0, kept_runs_) are not preempted
  std::unordered_set<RequestId> admitted_;
  std::unordered_set<BlockHash, HashOfBlockHash>
      claimed_;  // blocks that admitted ones will compute
  StepPlan plan_;
};

void Planner::plan_single_rows() {
  for (std::size_t i = 0; i < kept_runs_ && left_ > 0; ++i) {
    if (state_.running[i]->remaining() != 1 || !make_room_for(i)) continue;
    plan_.chunks.push_back({.id = state_.running[i]->id, .rows = 1});
    --left_;
  }
}

/// Leaves a block for the next row of running[index], if it needs one. False: it was preempted
/// itself.
bool Planner::make_room_for(std::size_t index) {
  const Sequence& sequence = *state_.running[index];
  const std::int32_t missing = blocks_for(sequence.total()) - sequence.blocks.size();
  if (missing <= 0) return true;
  while (ledger_.available() < missing && index < kept_runs_) preempt_last();
  if (index >= kept_runs_) return false;
  ledger_.take(missing);
  return true;
}

void Planner::preempt_last() {
  const Sequence& victim = *state_.running[--kept_runs_];
  INVARIANT(kept_runs_ > 0, "a sequence alone in the pool always fits");
  ledger_.give_back(victim.blocks.ids());
  plan_.preempted.push_back(victim.id);
}

void Planner::plan_chunks() {
  for (std::size_t i = 0; i < kept_runs_; ++i) {
    const Sequence& sequence = *state_.running[i];
    if (sequence.remaining() == 1) continue;
    plan_.chunks.push_back({.id = sequence.id, .rows = grant(sequence.remaining())});
  }
}

std::int32_t Planner::could_grant(std::int32_t wanted) const {
  return std::min(wanted, wanted <= express_ ? left_ : left_ - express_);
}

std::int32_t Planner::grant(std::int32_t wanted) {
  const std::int32_t rows = could_grant(wanted);
  left_ -= rows;
  express_ = std::min(express_, left_);
  return rows;
}

void Planner::admit_waiting() {
  std::int32_t passed_over = 0;
  for (const Sequence* candidate : state_.waiting) {
    const Sequence& sequence = *candidate;
    if (left_ == 0 || passed_over == kMaxPassedOver) return;
    if (static_cast<std::int32_t>(kept_runs_ + admitted_.size()) >= state_.max_running()) return;
    if (admitted_.contains(sequence.id)) continue;
    if (still_waits(sequence)) continue;

    const std::int32_t limit = sequence.reusable_tokens() / kBlockTokens;
    std::vector<BlockId> shared =
        state_.index.match(sequence.hashes, sequence.tokens, sequence.cache_salt, limit);
    if (const auto awaited = awaited_block(sequence, shared.size())) {
      plan_.deferred.push_back({.id = sequence.id, .block = *awaited});
      ++passed_over;
      continue;
    }
    const std::int32_t known = static_cast<std::int32_t>(shared.size()) * kBlockTokens;
    if (could_grant(sequence.total() - known) == 0) {
      ++passed_over;
      continue;
    }
    if (!fits(sequence, shared)) return;
    admit(sequence, std::move(shared));
  }
}

/// What the last plan found still holds: no need to match the prompt again.
bool Planner::still_waits(const Sequence& sequence) const {
  return sequence.waits_for && !state_.index.contains(*sequence.waits_for) &&
         in_flight(*sequence.waits_for, sequence);
}

/// The block that `sequence` would compute first, if somebody else is about to compute it.
std::optional<BlockHash> Planner::awaited_block(const Sequence& sequence, std::size_t known) const {
  const auto limit = static_cast<std::size_t>(sequence.reusable_tokens() / kBlockTokens);
  if (known >= std::min(limit, sequence.hashes.size())) return std::nullopt;
  const BlockHash& next = sequence.hashes[known];
  return in_flight(next, sequence) ? std::optional(next) : std::nullopt;
}

/// Only who goes before the waiter is waited for: nobody depends on someone it would overtake.
bool Planner::in_flight(const BlockHash& hash, const Sequence& waiter) const {
  if (claimed_.contains(hash)) return true;
  const auto owner = state_.in_flight.owner(hash);
  return owner && state_.before(state_.sequence(*owner), waiter);
}

/// The whole prompt must fit, and leave one block for each running sequence that may still grow:
/// otherwise the newcomer would be preempted before long.
bool Planner::fits(const Sequence& sequence, std::span<const BlockId> shared) const {
  const auto may_grow = [](const Sequence* running) {
    return running->blocks.size() < running->max_blocks();
  };
  const auto growing =
      std::ranges::count_if(state_.running.begin(),
                            state_.running.begin() + static_cast<std::ptrdiff_t>(kept_runs_),
                            may_grow) +
      static_cast<std::ptrdiff_t>(admitted_.size());
  const std::int32_t own = blocks_for(sequence.total()) - static_cast<std::int32_t>(shared.size());
  return ledger_.available() >=
         own + ledger_.cost_of_sharing(shared) + static_cast<std::int32_t>(growing);
}

void Planner::admit(const Sequence& sequence, std::vector<BlockId> shared) {
  const auto known = static_cast<std::int32_t>(shared.size());
  ledger_.share(shared);
  ledger_.take(blocks_for(sequence.total()) - known);
  admitted_.insert(sequence.id);
  claimed_.insert(
      sequence.hashes.begin() + std::min<std::ptrdiff_t>(known, std::ssize(sequence.hashes)),
      sequence.hashes.end());
  const std::int32_t rows = grant(sequence.total() - known * kBlockTokens);
  plan_.admitted.push_back({.id = sequence.id, .shared = std::move(shared), .rows = rows});
}

/// What nobody short asked for goes to those who already have some, in order.
void Planner::spend_rest() {
  express_ = 0;
  const auto extend = [this](std::int32_t& rows, std::int32_t remaining) {
    rows += grant(remaining - rows);
  };
  for (Chunk& chunk : plan_.chunks) extend(chunk.rows, state_.sequence(chunk.id).remaining());
  for (Admission& admission : plan_.admitted) {
    const auto known = static_cast<std::int32_t>(admission.shared.size()) * kBlockTokens;
    extend(admission.rows, state_.sequence(admission.id).total() - known);
  }
}

}  // namespace

StepPlan plan(const State& state, std::int32_t budget) {
  return Planner(state, budget).make();
}

}  // namespace quire::scheduler
