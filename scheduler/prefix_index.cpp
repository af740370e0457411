#include "scheduler/prefix_index.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "kernels/invariant.h"

namespace quire::scheduler {

BlockHash hash_salt(std::string_view salt) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(salt.data(), salt.size());
  return {.low = hash.low64, .high = hash.high64};
}

BlockHash hash_block(const BlockHash& parent, std::span<const engine::TokenId> tokens) noexcept {
  struct {
    BlockHash parent;
    std::array<engine::TokenId, kBlockTokens> tokens;
  } link{.parent = parent, .tokens = {}};
  static_assert(sizeof link == sizeof link.parent + sizeof link.tokens, "no padding is hashed");
  INVARIANT(tokens.size() == link.tokens.size(), "only full blocks are hashed");
  std::copy(tokens.begin(), tokens.end(), link.tokens.begin());
  const XXH128_hash_t hash = XXH3_128bits(&link, sizeof link);
  return {.low = hash.low64, .high = hash.high64};
}

PrefixIndex::PrefixIndex(std::int32_t blocks) : entries_(static_cast<std::size_t>(blocks)) {
  blocks_.reserve(entries_.size());
}

bool PrefixIndex::holds(BlockId block, const BlockKey& key) const {
  const Entry& held = entry(block);
  return held.parent == key.parent && (key.parent || held.salt == key.salt) &&
         std::ranges::equal(held.tokens, key.tokens);
}

std::optional<BlockId> PrefixIndex::find(const BlockKey& key) const {
  const auto found = blocks_.find(key.hash);
  if (found == blocks_.end() || !holds(found->second, key)) return std::nullopt;
  return found->second;
}

std::vector<BlockId> PrefixIndex::match(std::span<const BlockHash> hashes,
                                        std::span<const engine::TokenId> tokens,
                                        std::string_view salt, std::int32_t limit) const {
  std::vector<BlockId> chain;
  const std::size_t end = std::min(hashes.size(), static_cast<std::size_t>(limit));
  for (std::size_t i = 0; i < end; ++i) {
    const auto block = find({.hash = hashes[i],
                             .parent = chain.empty() ? std::nullopt : std::optional(chain.back()),
                             .salt = salt,
                             .tokens = tokens.subspan(i * kBlockTokens, kBlockTokens)});
    if (!block) break;
    chain.push_back(*block);
  }
  return chain;
}

std::optional<BlockId> PrefixIndex::insert(const BlockKey& key, BlockId block) {
  const auto [at, inserted] = blocks_.try_emplace(key.hash, block);
  if (!inserted) return holds(at->second, key) ? std::optional(at->second) : std::nullopt;
  Entry& fresh = entry(block);
  fresh.hash = key.hash;
  fresh.parent = key.parent;
  fresh.salt = key.parent ? std::string_view{} : key.salt;
  std::ranges::copy(key.tokens, fresh.tokens.begin());
  fresh.children = 0;
  if (key.parent) ++entry(*key.parent).children;
  return block;
}

void PrefixIndex::erase(BlockId block) {
  const Entry& erased = entry(block);
  const auto at = blocks_.find(erased.hash);
  INVARIANT(at != blocks_.end() && at->second == block, "only an indexed block is erased");
  INVARIANT(erased.children == 0, "a block is evicted after the blocks that continue it");
  if (erased.parent) --entry(*erased.parent).children;
  blocks_.erase(at);
}

}  // namespace quire::scheduler
