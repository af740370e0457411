// BlockPool: who holds which block of the KV cache. A block is in use (leased at least once),
// cached (unleased, but still in the prefix index) or free. Unleased blocks form one list in the
// order in which they are handed out again: free ones first, then cached ones, least recently used
// first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/step.h"

namespace quire::scheduler {

using engine::BlockId;
using engine::kBlockTokens;

class BlockPool;

/// One reference to a block, given back on destruction. Thread: engine only.
class [[nodiscard]] BlockLease {
 public:
  BlockLease(BlockLease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), id_(other.id_) {}
  BlockLease& operator=(BlockLease&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~BlockLease();

  BlockId id() const noexcept { return id_; }

 private:
  friend class BlockPool;
  BlockLease(BlockPool& pool, BlockId id) noexcept : pool_(&pool), id_(id) {}

  BlockPool* pool_;
  BlockId id_;
};

/// free() + cached() + in_use() == total() at all times. All operations are O(1).
/// Thread: engine only.
class BlockPool {
 public:
  /// Called with a cached block before it is handed out with new content: drop it from the index.
  using Evict = std::function<void(BlockId)>;

  /// REQUIRES: blocks >= 1.
  BlockPool(std::int32_t blocks, Evict evict);
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  /// REQUIRES: no lease is left.
  ~BlockPool();

  /// A block with undefined content; nothing when every block is in use.
  std::optional<BlockLease> allocate();
  /// One more reference. REQUIRES: the block is in use or cached.
  BlockLease share(BlockId id);
  /// The block is in the prefix index from now on, until it is evicted.
  /// REQUIRES: in use, not yet indexed.
  void mark_indexed(BlockId id);

  std::int32_t total() const noexcept { return static_cast<std::int32_t>(blocks_.size()) - 1; }
  std::int32_t free() const noexcept { return free_; }
  std::int32_t cached() const noexcept { return cached_; }
  std::int32_t in_use() const noexcept { return in_use_; }
  /// How many allocate() would give.
  std::int32_t available() const noexcept { return free_ + cached_; }
  std::int32_t references(BlockId id) const { return block(id).references; }
  bool indexed(BlockId id) const { return block(id).indexed; }

 private:
  friend class BlockLease;

  struct Block {
    std::int32_t references = 0;
    bool indexed = false;
    std::size_t previous = 0;  // neighbours in the list of unleased blocks
    std::size_t next = 0;
  };

  Block& block(BlockId id) { return blocks_[static_cast<std::size_t>(id)]; }
  const Block& block(BlockId id) const { return blocks_[static_cast<std::size_t>(id)]; }
  void release(BlockId id) noexcept;
  void link_before(std::size_t position, std::size_t index) noexcept;
  void unlink(std::size_t index) noexcept;

  std::vector<Block> blocks_;  // the last one is the list's anchor, not a block
  Evict evict_;
  std::int32_t free_;
  std::int32_t cached_ = 0;
  std::int32_t in_use_ = 0;
};

/// The blocks of one sequence in order of position. Thread: engine only.
class BlockTable {
 public:
  BlockTable() = default;
  BlockTable(const BlockTable&) = delete;
  BlockTable& operator=(const BlockTable&) = delete;
  ~BlockTable() { clear(); }

  void push_back(BlockLease lease);
  /// Holds `lease` in place of the block at `index`, whose reference is given back.
  void replace(std::size_t index, BlockLease lease);
  /// Gives everything back, the last block first: what is least likely to be shared is evicted
  /// first.
  void clear() noexcept;

  std::span<const BlockId> ids() const noexcept { return ids_; }
  std::int32_t size() const noexcept { return static_cast<std::int32_t>(ids_.size()); }

 private:
  std::vector<BlockLease> leases_;
  std::vector<BlockId> ids_;  // the same blocks, as the engine wants them
};

/// Blocks that hold `tokens` positions.
constexpr std::int32_t blocks_for(std::int32_t tokens) noexcept {
  return (tokens + kBlockTokens - 1) / kBlockTokens;
}

}  // namespace quire::scheduler
