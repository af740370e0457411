#include "engine/detokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "tests/engine/tokenizer_samples.h"

namespace quire::engine {
namespace {

using testing::ElementsAre;

TokenId byte_token(const Tokenizer& tokenizer, unsigned byte) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  return tokenizer.find(std::string{'<', '0', 'x', kHex[byte >> 4U], kHex[byte & 15U], '>'})
      .value();
}

std::vector<TokenId> byte_tokens(const Tokenizer& tokenizer, std::string_view bytes) {
  std::vector<TokenId> ids;
  for (const char c : bytes) ids.push_back(byte_token(tokenizer, static_cast<unsigned char>(c)));
  return ids;
}

Tokenizer fixture(const char* name) {
  return Tokenizer(ModelFiles::from_folder(kTokenizerFixtures / name));
}

/// Random ids, rich in the ids of `often`; equal seeds give equal ids.
std::vector<TokenId> random_ids(unsigned seed, std::int32_t vocab_size,
                                const std::vector<TokenId>& often) {
  std::mt19937 random(seed);
  std::vector<TokenId> ids(random() % 40);
  for (TokenId& id : ids) {
    const bool favoured = !often.empty() && random() % 2 == 0;
    id = favoured ? often[random() % often.size()]
                  : static_cast<TokenId>(random() % static_cast<unsigned>(vocab_size + 3));
  }
  return ids;
}

void expect_pushes_equal_decode(const Tokenizer& tokenizer, const std::vector<TokenId>& often) {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const std::vector<TokenId> ids = random_ids(seed, tokenizer.vocab_size(), often);
    for (const bool skip : {false, true}) {
      std::string text;
      for (const std::string& piece : split_into_pushes(tokenizer, ids, skip)) {
        ASSERT_TRUE(is_valid_utf8(piece)) << "seed " << seed;
        text += piece;
      }
      ASSERT_EQ(text, tokenizer.decode(ids, skip)) << "seed " << seed;
    }
  }
}

TEST(Detokenizer, EqualsOneShotDecodeForRandomIdsOfSmallTokenizers) {
  for (const char* name :
       {"llama3-like", "sentencepiece-like", "metaspace-like", "gpt2-like", "affixed"}) {
    SCOPED_TRACE(name);
    const Tokenizer tokenizer = fixture(name);
    std::vector<TokenId> often;
    for (const unsigned byte : {0x41U, 0x20U, 0xC3U, 0xA9U, 0xF0U, 0x9FU, 0x99U, 0x82U, 0xFFU}) {
      const std::string hex = std::string("<0x") + "0123456789ABCDEF"[byte >> 4U] +
                              "0123456789ABCDEF"[byte & 15U] + ">";
      if (const auto id = tokenizer.find(hex)) often.push_back(*id);
    }
    expect_pushes_equal_decode(tokenizer, often);
  }
}

TEST(Detokenizer, EqualsOneShotDecodeForRandomIdsOfRealTokenizers) {
  const std::filesystem::path folder = std::filesystem::path(QUIRE_SHARED_DATA) / "tokenizers";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  const Tokenizer bytes(ModelFiles::from_folder(folder / "gpt2"));
  expect_pushes_equal_decode(bytes, bytes.encode("🙂é日本👨‍👩‍👧"));
  const Tokenizer pieces(ModelFiles::from_folder(folder / "built-llama2"));
  expect_pushes_equal_decode(pieces, byte_tokens(pieces, "🙂é A\xFF\xE2"));
}

TEST(Detokenizer, ReleasesACharacterWithItsLastByte) {
  const Tokenizer tokenizer = fixture("llama3-like");
  const std::vector<TokenId> ids = tokenizer.encode("🙂", {.add_special_tokens = false});
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_THAT(split_into_pushes(tokenizer, ids, true), ElementsAre("", "", "", "🙂", ""));
}

TEST(Detokenizer, ReplacesAnUnfinishedCharacterAtTheEnd) {
  const Tokenizer tokenizer = fixture("llama3-like");
  std::vector<TokenId> ids = tokenizer.encode("a🙂", {.add_special_tokens = false});
  ids.pop_back();
  EXPECT_THAT(split_into_pushes(tokenizer, ids, true), ElementsAre("a", "", "", "", "\uFFFD"));
}

TEST(Detokenizer, HoldsARunOfByteTokensUntilItEnds) {
  const Tokenizer tokenizer = fixture("sentencepiece-like");
  std::vector<TokenId> ids = byte_tokens(tokenizer, "é!");
  ids.push_back(tokenizer.find("a").value());
  EXPECT_THAT(split_into_pushes(tokenizer, ids, true), ElementsAre("", "", "", "é!a", ""));
}

TEST(Detokenizer, ReplacesEveryByteOfAnInvalidRunAtOnce) {
  const Tokenizer tokenizer = fixture("sentencepiece-like");
  std::vector<TokenId> ids = byte_tokens(tokenizer, "é\xFF!");
  ids.push_back(tokenizer.find("a").value());
  EXPECT_THAT(split_into_pushes(tokenizer, ids, true),
              ElementsAre("", "", "\uFFFD\uFFFD\uFFFD", "\uFFFD", "a", ""));
}

TEST(Detokenizer, DropsOnlyTheFirstBlankOfSentencePieceText) {
  const Tokenizer tokenizer = fixture("sentencepiece-like");
  const std::vector<TokenId> ids = tokenizer.encode("a b", {.add_special_tokens = false});
  EXPECT_EQ(tokenizer.decode(ids), "a b");
  std::vector<TokenId> twice = ids;
  twice.insert(twice.end(), ids.begin(), ids.end());
  EXPECT_EQ(tokenizer.decode(twice), "a b a b");
}

TEST(Detokenizer, SkipsOrShowsSpecialTokens) {
  const Tokenizer tokenizer = fixture("llama3-like");
  const std::vector<TokenId> ids = tokenizer.encode("<|bos|>a<|eos|>");
  EXPECT_EQ(tokenizer.decode(ids, true), "a");
  EXPECT_EQ(tokenizer.decode(ids, false), "<|bos|><|bos|>a<|eos|>");
}

TEST(Detokenizer, IgnoresIdsOutsideTheVocabulary) {
  const Tokenizer tokenizer = tokenizer_of(small_config().dump());
  EXPECT_THAT(split_into_pushes(tokenizer, std::vector<TokenId>{-1, 0, 8, 1 << 30}, true),
              ElementsAre("", "a", "", "", ""));
}

TEST(Detokenizer, SurvivesMovesOfItselfAndOfTheTokenizer) {
  Tokenizer first = fixture("llama3-like");
  const std::vector<TokenId> ids = first.encode("🙂b", {.add_special_tokens = false});
  Detokenizer started(first);
  std::string text = started.push(ids[0]);
  const Tokenizer second = std::move(first);
  Detokenizer moved = std::move(started);
  for (std::size_t i = 1; i < ids.size(); ++i) text += moved.push(ids[i]);
  EXPECT_EQ(text + moved.finish(), "🙂b");
}

TEST(TokenBytes, AreTheBytesInsideRunningText) {
  const Tokenizer bytes = fixture("llama3-like");
  EXPECT_EQ(bytes.token_bytes(bytes.find("Ġthe").value()), " the");
  EXPECT_EQ(bytes.token_bytes(bytes.find("Ċ").value()), "\n");
  EXPECT_EQ(bytes.token_bytes(bytes.find("ð").value()), "\xF0");
  EXPECT_EQ(bytes.token_bytes(bytes.find("<|eos|>").value()), "<|eos|>");
  EXPECT_EQ(bytes.token_bytes(-1), "");
  EXPECT_EQ(bytes.token_bytes(bytes.vocab_size()), "");
  const Tokenizer pieces = fixture("sentencepiece-like");
  EXPECT_EQ(pieces.token_bytes(pieces.find("▁the").value()), " the");
  EXPECT_EQ(pieces.token_bytes(byte_token(pieces, 0xF0)), "\xF0");
  const Tokenizer metaspace = fixture("metaspace-like");
  EXPECT_EQ(metaspace.token_bytes(metaspace.find("▁the").value()), " the");
}

TEST(TokenBytes, OfATextsIdsAreTheText) {
  const Tokenizer tokenizer = fixture("llama3-like");
  const std::string text = "Hello 🙂 wörld\n\n 日本 <|eos|>!";
  std::string bytes;
  for (const TokenId id : tokenizer.encode(text, {.add_special_tokens = false})) {
    bytes += tokenizer.token_bytes(id);
  }
  EXPECT_EQ(bytes, text);
}

}  // namespace
}  // namespace quire::engine
