#include "engine/tokenizer/bpe.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/engine/tokenizer_samples.h"

namespace quire::engine {
namespace {

using nlohmann::json;

/// A vocabulary of the letters a to d and random merges of what is already there.
json random_model(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::string> pieces{"a", "b", "c", "d"};
  json merges = json::array();
  std::map<std::string, unsigned> ids{{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}};
  for (int i = 0; i < 60; ++i) {
    const std::string& left = pieces[random() % pieces.size()];
    const std::string& right = pieces[random() % pieces.size()];
    const std::string merged = left + right;
    if (merged.size() > 9) continue;
    merges.push_back({left, right});
    if (ids.emplace(merged, static_cast<unsigned>(ids.size())).second) pieces.push_back(merged);
  }
  return {{"type", "BPE"}, {"vocab", ids}, {"merges", merges}};
}

/// The definition: merge the pair of lowest rank, the leftmost among equals, until there is none.
std::vector<TokenId> by_definition(const json& model, const std::string& text) {
  std::map<std::pair<std::string, std::string>, std::size_t> ranks;
  for (std::size_t i = 0; i < model["merges"].size(); ++i) {
    ranks[{model["merges"][i][0], model["merges"][i][1]}] = i;
  }
  std::vector<std::string> symbols;
  for (const char c : text) symbols.emplace_back(1, c);
  while (true) {
    std::size_t best = symbols.size();
    std::size_t best_rank = ranks.size() + model["merges"].size();
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ranks.find({symbols[i], symbols[i + 1]});
      if (found != ranks.end() && found->second < best_rank) {
        best = i;
        best_rank = found->second;
      }
    }
    if (best == symbols.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<TokenId> ids;
  for (const std::string& symbol : symbols) ids.push_back(model["vocab"][symbol]);
  return ids;
}

TEST(Bpe, MergesAsDefinedForShortAndLongPieces) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const json model = random_model(seed);
    const tokenizer::Bpe bpe(tokenizer::JsonAt(model, "model"));
    std::mt19937 random(seed);
    tokenizer::BpeScratch scratch;
    for (std::size_t size = 1; size < 130; ++size) {
      std::string text(size, ' ');
      const unsigned letters = 1 + static_cast<unsigned>(random() % 4);
      for (char& c : text) c = "abcd"[random() % letters];
      std::vector<TokenId> ids;
      bpe.encode(text, scratch, ids);
      ASSERT_EQ(ids, by_definition(model, text)) << "seed " << seed << ", text " << text;
    }
  }
}

TEST(Bpe, TakesAMillionCharactersInOnePiece) {  // the limit of this test is ctest's
  constexpr std::size_t kSize = 1'000'000;
  std::mt19937 random(3);
  std::string mixed(kSize, ' ');
  for (char& c : mixed) c = "abcd"[random() % 4];
  for (const unsigned seed : {0U, 1U}) {
    const json model = random_model(seed);
    const tokenizer::Bpe bpe(tokenizer::JsonAt(model, "model"));
    for (const std::string& text : {std::string(kSize, 'a'), mixed}) {
      tokenizer::BpeScratch scratch;
      std::vector<TokenId> ids;
      bpe.encode(text, scratch, ids);
      std::string back;
      for (const TokenId id : ids) back += bpe.vocabulary().text(id);
      ASSERT_TRUE(back == text);
    }
  }
}

TEST(Bpe, TakesAWholePieceFromTheVocabularyWhenMergesAreIgnored) {
  json config = small_config();
  config["model"]["vocab"]["cab"] = 8;
  EXPECT_EQ(tokenizer_of(config.dump()).encode("cab"), (std::vector<TokenId>{2, 6}));
  config["model"]["ignore_merges"] = true;
  EXPECT_EQ(tokenizer_of(config.dump()).encode("cab"), (std::vector<TokenId>{8}));
  EXPECT_EQ(tokenizer_of(config.dump()).encode("cabc"), (std::vector<TokenId>{2, 7}));
}

TEST(Bpe, DropsUnknownCharactersWithoutAnUnknownToken) {
  EXPECT_EQ(tokenizer_of(small_config().dump()).encode("a?b"), (std::vector<TokenId>{6}));
}

TEST(Bpe, ReportsAnUnknownTokenThatIsNotInTheVocabulary) {
  json config = small_config();
  config["model"]["unk_token"] = "<unk>";
  const Tokenizer tokenizer = tokenizer_of(config.dump());
  EXPECT_EQ(tokenizer.encode("abc"), (std::vector<TokenId>{7}));
  EXPECT_THROW(tokenizer.encode("?"), EncodeError);
}

}  // namespace
}  // namespace quire::engine
