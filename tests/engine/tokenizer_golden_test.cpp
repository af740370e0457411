// Ids and texts of real tokenizers against those of the Rust library, recorded in
// QUIRE_SHARED_DATA/tokenizers/goldens. A golden's rows, as its `format` field says:
//   texts[i] = [ids, ids with special tokens or 0 if equal, text decoded with special tokens or 0
//   if it equals the input, text decoded without or 0 if equal to that];  docs[i] = [ids, 0 if the
//   text comes back, else the length of what does].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/detokenizer.h"
#include "engine/model_files.h"
#include "engine/tokenizer.h"

namespace quire::engine {
namespace {

using nlohmann::json;

const std::filesystem::path kFolder = std::filesystem::path(QUIRE_SHARED_DATA) / "tokenizers";

json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return json::parse(file);
}

std::string decode_by_pushes(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                             bool skip_special_tokens) {
  Detokenizer detokenizer(tokenizer, skip_special_tokens);
  std::string text;
  for (const TokenId id : ids) {
    const std::string piece = detokenizer.push(id);
    EXPECT_TRUE(is_valid_utf8(piece)) << "a piece ends inside a character";
    text += piece;
  }
  return text + detokenizer.finish();
}

class TokenizerGolden : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFolder / "goldens")) {
      GTEST_SKIP() << "no goldens in " << kFolder;
    }
    golden = read_json(kFolder / "goldens" / (std::string(GetParam()) + ".hf.json"));
    texts = read_json(kFolder / "goldens" / "texts.json");
    docs = read_json(kFolder / "goldens" / "docs.json");
    tokenizer.emplace(ModelFiles::from_folder(kFolder / GetParam()));
    ASSERT_EQ(golden["texts"].size(), texts.size());
    ASSERT_EQ(golden["docs"].size(), docs.size());
  }

  json golden, texts, docs;
  std::optional<Tokenizer> tokenizer;
};

TEST_P(TokenizerGolden, EncodesEveryTextLikeTheRustLibrary) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = texts[i].get<std::string>();
    const json& row = golden["texts"][i];
    const json& with_special = row[1].is_array() ? row[1] : row[0];
    EXPECT_EQ(tokenizer->encode(text, {.add_special_tokens = false}),
              row[0].get<std::vector<TokenId>>())
        << "text " << i << ": " << texts[i];
    EXPECT_EQ(tokenizer->encode(text), with_special.get<std::vector<TokenId>>())
        << "text " << i << ": " << texts[i];
  }
}

TEST_P(TokenizerGolden, DecodesEveryTextLikeTheRustLibrary) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const json& row = golden["texts"][i];
    const auto ids = row[0].get<std::vector<TokenId>>();
    const std::string all =
        row[2].is_string() ? row[2].get<std::string>() : texts[i].get<std::string>();
    const std::string visible = row[3].is_string() ? row[3].get<std::string>() : all;
    EXPECT_EQ(tokenizer->decode(ids, false), all) << "text " << i;
    EXPECT_EQ(tokenizer->decode(ids, true), visible) << "text " << i;
    EXPECT_EQ(decode_by_pushes(*tokenizer, ids, false), all) << "text " << i;
    EXPECT_EQ(decode_by_pushes(*tokenizer, ids, true), visible) << "text " << i;
  }
}

TEST_P(TokenizerGolden, EncodesAndDecodesDocuments) {
  for (std::size_t i = 0; i < docs.size(); ++i) {
    const auto text = docs[i].get<std::string>();
    const json& row = golden["docs"][i];
    const auto ids = row[0].get<std::vector<TokenId>>();
    EXPECT_EQ(tokenizer->encode(text, {.add_special_tokens = false}), ids) << "document " << i;
    const std::string back = tokenizer->decode(ids, false);
    EXPECT_EQ(back, decode_by_pushes(*tokenizer, ids, false)) << "document " << i;
    if (row[1] == 0) {
      EXPECT_EQ(back, text) << "document " << i;
    }
  }
}

std::string test_name(const testing::TestParamInfo<const char*>& instance) {
  std::string name = instance.param;
  for (char& c : name) {
    if (c == '-' || c == '.') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Bpe, TokenizerGolden,
                         testing::Values("gpt2", "phi3", "built-llama2", "built-llama3",
                                         "built-qwen2.5", "built-gpt-oss-o200k-harmony",
                                         "built-smollm2", "built-mistral-v1"),
                         test_name);

std::string refusal_of(const ModelFiles& files) {
  try {
    const Tokenizer tokenizer(files);
    return "loaded";
  } catch (const LoadError& error) {
    return error.what();
  }
}

TEST(RealTokenizer, RefusesOtherModelsByName) {
  if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no " << kFolder;
  EXPECT_THAT(refusal_of(ModelFiles::from_folder(kFolder / "t5-small")),
              testing::HasSubstr("Unigram"));
  EXPECT_THAT(refusal_of(ModelFiles::from_folder(kFolder / "bert-base-uncased")),
              testing::HasSubstr("WordPiece"));
  EXPECT_THAT(refusal_of(ModelFiles::from_folder(kFolder / "added-tokens")),
              testing::HasSubstr("tokenizer.json"));
}

TEST(RealTokenizer, RefusesMalformedFiles) {
  if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no " << kFolder;
  const auto refusal_of_file = [](const char* name) {
    std::ifstream file(kFolder / "malformed" / name);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return refusal_of(ModelFiles::from_memory(
        name, {{"tokenizer.json", std::as_bytes(std::span(text.data(), text.size()))}}));
  };
  EXPECT_THAT(refusal_of_file("merges-is-object.tokenizer.json"),
              testing::HasSubstr("model.merges: must be an array"));
  EXPECT_THAT(refusal_of_file("llama2-nbsp-replaced-by-space.tokenizer.json"),
              testing::HasSubstr("model.merges[18917]"));
}

}  // namespace
}  // namespace quire::engine
