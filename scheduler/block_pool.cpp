#include "scheduler/block_pool.h"

#include "kernels/invariant.h"

namespace quire::scheduler {

BlockLease::~BlockLease() {
  if (pool_ != nullptr) pool_->release(id_);
}

BlockPool::BlockPool(std::int32_t blocks, Evict evict) : evict_(std::move(evict)), free_(blocks) {
  INVARIANT(blocks >= 1, "a block pool has at least one block");
  const std::size_t anchor = static_cast<std::size_t>(blocks);
  blocks_.resize(anchor + 1);
  blocks_[anchor].previous = blocks_[anchor].next = anchor;
  for (std::size_t i = 0; i < anchor; ++i) link_before(anchor, i);
}

BlockPool::~BlockPool() {
  INVARIANT(in_use_ == 0, "no lease outlives its block pool");
}

std::optional<BlockLease> BlockPool::allocate() {
  const std::size_t anchor = blocks_.size() - 1;
  const std::size_t index = blocks_[anchor].next;
  if (index == anchor) return std::nullopt;
  Block& taken = blocks_[index];
  const BlockId id{static_cast<std::int32_t>(index)};
  if (taken.indexed) {
    evict_(id);
    taken.indexed = false;
    --cached_;
  } else {
    --free_;
  }
  unlink(index);
  taken.references = 1;
  ++in_use_;
  return BlockLease(*this, id);
}

BlockLease BlockPool::share(BlockId id) {
  Block& shared = block(id);
  if (shared.references == 0) {
    INVARIANT(shared.indexed, "only a block in use or in the index can be shared");
    unlink(static_cast<std::size_t>(id));
    --cached_;
    ++in_use_;
  }
  ++shared.references;
  return BlockLease(*this, id);
}

void BlockPool::mark_indexed(BlockId id) {
  Block& marked = block(id);
  INVARIANT(marked.references > 0 && !marked.indexed,
            "a block enters the index once, while in use");
  marked.indexed = true;
}

void BlockPool::release(BlockId id) noexcept {
  Block& released = block(id);
  INVARIANT(released.references > 0, "a block is released as often as it was leased");
  if (--released.references > 0) return;
  --in_use_;
  const std::size_t anchor = blocks_.size() - 1;
  if (released.indexed) {
    ++cached_;
    link_before(anchor, static_cast<std::size_t>(id));
  } else {
    ++free_;
    link_before(blocks_[anchor].next, static_cast<std::size_t>(id));
  }
}

void BlockPool::link_before(std::size_t position, std::size_t index) noexcept {
  const std::size_t previous = blocks_[position].previous;
  blocks_[index].previous = previous;
  blocks_[index].next = position;
  blocks_[previous].next = index;
  blocks_[position].previous = index;
}

void BlockPool::unlink(std::size_t index) noexcept {
  const Block& removed = blocks_[index];
  blocks_[removed.previous].next = removed.next;
  blocks_[removed.next].previous = removed.previous;
}

void BlockTable::push_back(BlockLease lease) {
  ids_.push_back(lease.id());
  leases_.push_back(std::move(lease));
}

void BlockTable::replace(std::size_t index, BlockLease lease) {
  ids_[index] = lease.id();
  std::swap(leases_[index], lease);
}

void BlockTable::clear() noexcept {
  while (!leases_.empty()) leases_.pop_back();
  ids_.clear();
}

}  // namespace quire::scheduler
