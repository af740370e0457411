#include "scheduler/prefix_index.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace quire::scheduler {
namespace {

using engine::TokenId;

std::vector<TokenId> tokens_from(TokenId first, std::int32_t blocks) {
  std::vector<TokenId> tokens(static_cast<std::size_t>(blocks * kBlockTokens));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

std::vector<BlockHash> chain(std::span<const TokenId> tokens, std::string_view salt = {}) {
  std::vector<BlockHash> hashes;
  BlockHash parent = hash_salt(salt);
  for (std::size_t i = 0; i + kBlockTokens <= tokens.size(); i += kBlockTokens) {
    hashes.push_back(parent = hash_block(parent, tokens.subspan(i, kBlockTokens)));
  }
  return hashes;
}

/// Indexes all of `tokens` under blocks first, first + 1, ...
void insert_chain(PrefixIndex& index, std::span<const TokenId> tokens, std::int32_t first,
                  std::string_view salt = {}) {
  const auto hashes = chain(tokens, salt);
  std::optional<BlockId> parent;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    parent = index.insert({.hash = hashes[i],
                           .parent = parent,
                           .salt = salt,
                           .tokens = tokens.subspan(i * kBlockTokens, kBlockTokens)},
                          BlockId{first + static_cast<std::int32_t>(i)});
  }
}

TEST(PrefixIndex, HashDependsOnEverythingBefore) {
  const auto a = tokens_from(0, 2);
  auto b = a;
  b[0] = 999;
  EXPECT_EQ(chain(a), chain(a));
  EXPECT_NE(chain(a)[1], chain(b)[1]);
  EXPECT_NE(chain(a, "x")[0], chain(a, "y")[0]);
}

TEST(PrefixIndex, MatchesTheLongestKnownPrefix) {
  PrefixIndex index(10);
  const auto known = tokens_from(0, 3);
  insert_chain(index, known, 4);
  auto asked = tokens_from(0, 4);
  EXPECT_EQ(index.match(chain(asked), asked, {}, 9),
            (std::vector{BlockId{4}, BlockId{5}, BlockId{6}}));
  asked[static_cast<std::size_t>(kBlockTokens) + 3] = 77;  // in the second block
  EXPECT_EQ(index.match(chain(asked), asked, {}, 9), std::vector{BlockId{4}});
}

TEST(PrefixIndex, LooksAtNoMoreBlocksThanAllowed) {
  PrefixIndex index(10);
  const auto tokens = tokens_from(0, 3);
  insert_chain(index, tokens, 0);
  EXPECT_EQ(index.match(chain(tokens), tokens, {}, 2).size(), 2U);
  EXPECT_TRUE(index.match(chain(tokens), tokens, {}, 0).empty());
}

TEST(PrefixIndex, SaltsAreSeparate) {
  PrefixIndex index(10);
  const auto tokens = tokens_from(0, 1);
  insert_chain(index, tokens, 0, "mine");
  EXPECT_TRUE(index.match(chain(tokens, "yours"), tokens, "yours", 9).empty());
  EXPECT_EQ(index.match(chain(tokens, "mine"), tokens, "mine", 9).size(), 1U);
}

TEST(PrefixIndex, ForgetsErasedBlocks) {
  PrefixIndex index(10);
  const auto tokens = tokens_from(0, 2);
  insert_chain(index, tokens, 0);
  index.erase(BlockId{1});
  EXPECT_EQ(index.match(chain(tokens), tokens, {}, 9), std::vector{BlockId{0}});
  index.erase(BlockId{0});
  EXPECT_EQ(index.size(), 0U);
}

TEST(PrefixIndex, NamesTheBlockThatHoldsTheSameTokensAlready) {
  PrefixIndex index(10);
  const auto tokens = tokens_from(0, 1);
  insert_chain(index, tokens, 3);
  EXPECT_EQ(index.insert({.hash = chain(tokens)[0], .parent = {}, .salt = {}, .tokens = tokens},
                         BlockId{8}),
            BlockId{3});
  EXPECT_EQ(index.size(), 1U);
}

// The rest forces collisions: different contents under one hash.
constexpr BlockHash kOneHash{.low = 1, .high = 2};
constexpr BlockHash kNextHash{.low = 3, .high = 4};

TEST(PrefixIndex, CollisionOfTokensIsNoHit) {
  PrefixIndex index(10);
  const auto a = tokens_from(0, 1), b = tokens_from(500, 1);
  ASSERT_TRUE(index.insert({.hash = kOneHash, .parent = {}, .salt = {}, .tokens = a}, BlockId{0}));
  const BlockKey other{.hash = kOneHash, .parent = {}, .salt = {}, .tokens = b};
  EXPECT_FALSE(index.find(other).has_value());
  EXPECT_FALSE(index.insert(other, BlockId{1}).has_value());
  EXPECT_EQ(index.size(), 1U);
}

TEST(PrefixIndex, CollisionOfSaltsIsNoHit) {
  PrefixIndex index(10);
  const auto a = tokens_from(0, 1);
  ASSERT_TRUE(index.insert({.hash = kOneHash, .parent = {}, .salt = "x", .tokens = a}, BlockId{0}));
  EXPECT_FALSE(index.find({.hash = kOneHash, .parent = {}, .salt = "y", .tokens = a}).has_value());
}

TEST(PrefixIndex, CollisionOfParentsIsNoHit) {
  PrefixIndex index(10);
  const auto a = tokens_from(0, 1), b = tokens_from(500, 1), next = tokens_from(100, 1);
  const BlockHash other_hash{.low = 9, .high = 9};
  ASSERT_TRUE(index.insert({.hash = kOneHash, .parent = {}, .salt = {}, .tokens = a}, BlockId{0}));
  ASSERT_TRUE(
      index.insert({.hash = other_hash, .parent = {}, .salt = {}, .tokens = b}, BlockId{1}));
  ASSERT_TRUE(index.insert({.hash = kNextHash, .parent = BlockId{0}, .salt = {}, .tokens = next},
                           BlockId{2}));
  // The same tokens and the same hash, but they follow b.
  EXPECT_FALSE(index.find({.hash = kNextHash, .parent = BlockId{1}, .salt = {}, .tokens = next})
                   .has_value());
}

TEST(PrefixIndexDeathTest, RefusesToEraseABlockThatIsContinued) {
  PrefixIndex index(10);
  insert_chain(index, tokens_from(0, 2), 0);
  EXPECT_DEATH(index.erase(BlockId{0}), "evicted after the blocks that continue it");
}

}  // namespace
}  // namespace quire::scheduler
