// PrefixIndex: which block holds the KV of which tokens. A full block is known by a chained 128-bit
// hash of everything before it; because a hash can be made to collide, a hit counts only if the
// block's own tokens and its parent block are the same too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/token.h"
#include "scheduler/block_pool.h"

namespace quire::scheduler {

/// Identifies a full block together with all tokens before it and the salt (up to collisions).
struct BlockHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const BlockHash&, const BlockHash&) = default;
};

struct HashOfBlockHash {
  std::size_t operator()(const BlockHash& hash) const noexcept { return hash.low ^ hash.high; }
};

/// Root of the chain of one cache salt (XXH3-128).
BlockHash hash_salt(std::string_view salt) noexcept;
/// XXH3-128 over the parent's hash and the tokens. REQUIRES: tokens.size() == kBlockTokens.
BlockHash hash_block(const BlockHash& parent, std::span<const engine::TokenId> tokens) noexcept;
/// The same signature, so that a test can force collisions.
using HashBlock = BlockHash (*)(const BlockHash& parent, std::span<const engine::TokenId> tokens);

/// Everything that must be equal for two blocks to hold the same KV.
struct BlockKey {
  BlockHash hash;
  std::optional<BlockId> parent;            // itself in the index; nothing for the first block
  std::string_view salt;                    // compared for the first block
  std::span<const engine::TokenId> tokens;  // kBlockTokens
};

/// Every indexed block's parent is indexed: whoever leases a block leases its parent, and both are
/// given back the child first. Holds no leases itself. Thread: engine only.
class PrefixIndex {
 public:
  /// For block ids [0, blocks).
  explicit PrefixIndex(std::int32_t blocks);

  std::optional<BlockId> find(const BlockKey& key) const;
  /// Whether some block has this hash: not yet a hit.
  bool contains(const BlockHash& hash) const { return blocks_.contains(hash); }
  /// The longest indexed chain of a sequence's first blocks. `hashes` has one entry for each full
  /// block of `tokens`; at most `limit` blocks are looked at.
  std::vector<BlockId> match(std::span<const BlockHash> hashes,
                             std::span<const engine::TokenId> tokens, std::string_view salt,
                             std::int32_t limit) const;

  /// The block that holds `key` from now on: `block`, or the one that did so before. Nothing when
  /// another key owns the hash: then `block` stays outside, and so must what follows it.
  std::optional<BlockId> insert(const BlockKey& key, BlockId block);
  /// REQUIRES: indexed, and no indexed block has it as parent.
  void erase(BlockId block);

  std::size_t size() const noexcept { return blocks_.size(); }

 private:
  struct Entry {
    BlockHash hash;
    std::optional<BlockId> parent;
    std::string salt;
    std::array<engine::TokenId, kBlockTokens> tokens{};
    std::int32_t children = 0;
  };
  Entry& entry(BlockId block) { return entries_[static_cast<std::size_t>(block)]; }
  const Entry& entry(BlockId block) const { return entries_[static_cast<std::size_t>(block)]; }
  bool holds(BlockId block, const BlockKey& key) const;

  std::vector<Entry> entries_;  // by block id; meaningful while indexed
  std::unordered_map<BlockHash, BlockId, HashOfBlockHash> blocks_;
};

}  // namespace quire::scheduler
