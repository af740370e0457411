// Small tokenizers and single components against the Rust library, which made the fixtures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tokenizer/decode_stream.h"
#include "engine/tokenizer/decoder.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "tests/engine/tokenizer_samples.h"

namespace quire::engine {
namespace {

using nlohmann::json;
using tokenizer::JsonAt;

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) {
    EXPECT_TRUE(is_valid_utf8(piece)) << "a piece ends inside a character";
    text += piece;
  }
  return text;
}

void expect_decodes(const Tokenizer& tokenizer, const json& row) {
  const auto ids = row["ids"].get<std::vector<TokenId>>();
  for (const bool skip : {false, true}) {
    const auto expected = row[skip ? "visible" : "decoded"].get<std::string>();
    EXPECT_EQ(tokenizer.decode(ids, skip), expected) << row;
    EXPECT_EQ(joined(split_into_pushes(tokenizer, ids, skip)), expected) << row;
  }
}

class TokenizerFixture : public testing::TestWithParam<const char*> {
 protected:
  const Tokenizer tokenizer{ModelFiles::from_folder(kTokenizerFixtures / GetParam())};
  const json goldens = read_json(kTokenizerFixtures / GetParam() / "goldens.json");
};

TEST_P(TokenizerFixture, EncodesLikeTheRustLibrary) {
  for (const json& row : goldens["texts"]) {
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(tokenizer.encode(text, {.add_special_tokens = false}),
              row["ids"].get<std::vector<TokenId>>())
        << row["text"];
    EXPECT_EQ(tokenizer.encode(text), row["ids_special"].get<std::vector<TokenId>>())
        << row["text"];
  }
}

TEST_P(TokenizerFixture, DecodesItsOwnIdsLikeTheRustLibrary) {
  for (const json& row : goldens["texts"]) expect_decodes(tokenizer, row);
}

TEST_P(TokenizerFixture, DecodesRandomIdsLikeTheRustLibrary) {
  for (const json& row : goldens["decodes"]) expect_decodes(tokenizer, row);
}

std::string test_name(const testing::TestParamInfo<const char*>& instance) {
  std::string name = instance.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Small, TokenizerFixture,
                         testing::Values("llama3-like", "sentencepiece-like", "metaspace-like",
                                         "gpt2-like", "affixed"),
                         test_name);

TEST(TokenizerComponents, PreTokenizersCutLikeTheRustLibrary) {
  const json cases = read_json(kTokenizerFixtures / "components.json")["pre_tokenizers"];
  ASSERT_GT(cases.size(), 500U);
  for (const json& row : cases) {
    const tokenizer::PreTokenizer part(JsonAt(row["config"], "config"));
    const tokenizer::Pieces pieces = part.apply(row["text"].get<std::string>(), 1);
    std::vector<std::string> texts;
    for (const auto& span : pieces.spans) texts.emplace_back(pieces.view(span));
    EXPECT_EQ(texts, row["pieces"].get<std::vector<std::string>>()) << row;
  }
}

TEST(TokenizerComponents, NormalizersRewriteLikeTheRustLibrary) {
  const json cases = read_json(kTokenizerFixtures / "components.json")["normalizers"];
  ASSERT_GT(cases.size(), 100U);
  for (const json& row : cases) {
    const tokenizer::Normalizer part(JsonAt(row["config"], "config"));
    EXPECT_EQ(part.apply(row["text"].get<std::string>()).text, row["out"].get<std::string>())
        << row;
  }
}

TEST(TokenizerComponents, DecodersJoinLikeTheRustLibrary) {
  const json cases = read_json(kTokenizerFixtures / "components.json")["decoders"];
  ASSERT_GT(cases.size(), 100U);
  for (const json& row : cases) {
    const tokenizer::Decoder part(JsonAt(row["config"], "config"));
    tokenizer::DecodeStream stream(part);
    std::string text;
    for (const json& token : row["tokens"]) stream.push(token.get<std::string>(), text);
    stream.finish(text);
    EXPECT_EQ(text, row["out"].get<std::string>()) << row;
  }
}

}  // namespace
}  // namespace quire::engine
