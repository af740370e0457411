#include "engine/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/engine/tokenizer_samples.h"

namespace quire::engine {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json added(const char* content, int id, bool special) {
  return {{"id", id}, {"content", content}, {"special", special}, {"normalized", false}};
}

TEST(Tokenizer, FindsTokensByTextAndTextsById) {
  json config = small_config();
  config["added_tokens"] = {added("<end>", 8, true), added("[x]", 9, false)};
  const Tokenizer tokenizer = tokenizer_of(config.dump());
  EXPECT_EQ(tokenizer.vocab_size(), 10);
  EXPECT_EQ(tokenizer.find("abc"), 7);
  EXPECT_EQ(tokenizer.find("<end>"), 8);
  EXPECT_EQ(tokenizer.find("abcd"), std::nullopt);
  EXPECT_EQ(tokenizer.token(7), "abc");
  EXPECT_EQ(tokenizer.token(9), "[x]");
  EXPECT_EQ(tokenizer.token(10), "");
  EXPECT_EQ(tokenizer.token(-1), "");
  EXPECT_TRUE(tokenizer.is_special(8));
  EXPECT_FALSE(tokenizer.is_special(9));
  EXPECT_FALSE(tokenizer.is_special(0));
  EXPECT_FALSE(tokenizer.is_special(10));
}

TEST(Tokenizer, TakesBosAndEosFromItsConfig) {
  const std::string text = small_config().dump();
  EXPECT_EQ(tokenizer_of(text).bos(), std::nullopt);
  const Tokenizer named =
      tokenizer_of(text, R"({"bos_token": "a", "eos_token": {"content": "b", "lstrip": false}})");
  EXPECT_EQ(named.bos(), 0);
  EXPECT_EQ(named.eos(), 1);
  const Tokenizer odd = tokenizer_of(text, R"({"bos_token": null, "eos_token": "<none>"})");
  EXPECT_EQ(odd.bos(), std::nullopt);
  EXPECT_EQ(odd.eos(), std::nullopt);
}

TEST(Tokenizer, TakesBosAndEosFromTheMapWhenTheConfigNamesNone) {
  const std::string text = small_config().dump();
  const std::string map = R"({"bos_token": {"content": "c"}, "eos_token": "d"})";
  const std::string settings = R"({"eos_token": "e"})";
  const Tokenizer tokenizer(ModelFiles::from_memory(
      "test", {{"tokenizer.json", std::as_bytes(std::span(text))},
               {"tokenizer_config.json", std::as_bytes(std::span(settings))},
               {"special_tokens_map.json", std::as_bytes(std::span(map))}}));
  EXPECT_EQ(tokenizer.bos(), 2);
  EXPECT_EQ(tokenizer.eos(), 4);
}

TEST(Tokenizer, AddsTokensThatOnlyItsConfigNames) {
  json config = small_config();
  config["added_tokens"] = {added("<end>", 8, true)};
  const Tokenizer tokenizer = tokenizer_of(config.dump(), R"({"added_tokens_decoder": {
      "8": {"content": "<other>", "special": false},
      "11": {"content": "<more>", "special": true, "normalized": false},
      "12": {"content": "abc", "special": true}}})");
  EXPECT_EQ(tokenizer.find("<more>"), 11);
  EXPECT_TRUE(tokenizer.is_special(11));
  EXPECT_THAT(tokenizer.encode("a<more>b"), ElementsAre(0, 11, 1));
  EXPECT_EQ(tokenizer.find("<other>"), std::nullopt) << "its id is taken";
  EXPECT_EQ(tokenizer.find("abc"), 7) << "its text is taken";
  EXPECT_EQ(tokenizer.vocab_size(), 12);
}

TEST(Tokenizer, ReadsInvalidBytesAsReplacementCharacters) {
  json config = small_config();
  config["model"]["vocab"]["\uFFFD"] = 8;
  const Tokenizer tokenizer = tokenizer_of(config.dump());
  EXPECT_THAT(tokenizer.encode("a\xFF"
                               "b\xE2\x82"),
              ElementsAre(0, 8, 1, 8));
}

TEST(Tokenizer, EndsAnExponentialSearchWithAnError) {
  json config = small_config();
  config["pre_tokenizer"] = {{"type", "Split"},
                             {"pattern", {{"Regex", "(?:a+)+[bc]"}}},
                             {"behavior", "Isolated"},
                             {"invert", false}};
  const Tokenizer tokenizer = tokenizer_of(config.dump());
  EXPECT_EQ(tokenizer.encode("aab").size(), 2U);
  EXPECT_THROW(tokenizer.encode(std::string(400, 'a')), EncodeError);
}

TEST(Tokenizer, TakesLongRunsWithRealPatternsInTime) {  // the limit of this test is ctest's
  for (const char* name : {"llama3-like", "sentencepiece-like", "metaspace-like", "gpt2-like"}) {
    const Tokenizer tokenizer(ModelFiles::from_folder(kTokenizerFixtures / name));
    for (const char* unit : {"a", " ", "\n", " \n", "A", "1", "é", "日", "<", "[", "\u0301", "!",
                             "[LONGES", "🙂", "ab ", "'s"}) {
      std::string text;
      while (text.size() < 300'000) text += unit;
      EXPECT_GT(tokenizer.encode(text).size(), 2U) << name << " " << unit;
    }
  }
}

TEST(Tokenizer, GivesEveryThreadTheSameIds) {
  const Tokenizer tokenizer(ModelFiles::from_folder(kTokenizerFixtures / "gpt2-like"));
  const std::string text = "Hello  world's 123\n\n é🙂 [L] the printer counted";
  const std::vector<TokenId> expected = tokenizer.encode(text);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        if (tokenizer.encode(text) != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Tokenizer, LeavesTheTemplateOutWithoutSpecialTokens) {
  json config = small_config();
  config["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single",
       {{{"SpecialToken", {{"id", "x"}, {"type_id", 0}}}},
        {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
      {"special_tokens", {{"x", {{"id", "x"}, {"ids", {4, 5}}, {"tokens", {"e", " "}}}}}}};
  const Tokenizer tokenizer = tokenizer_of(config.dump());
  EXPECT_THAT(tokenizer.encode("ab"), ElementsAre(4, 5, 6));
  EXPECT_THAT(tokenizer.encode("ab", {.add_special_tokens = false}), ElementsAre(6));
}

/// A change of small_config() and what the refusal says.
struct BadFile {
  const char* pointer;
  const char* value;
  const char* says;
};

class BadTokenizer : public testing::TestWithParam<BadFile> {};

TEST_P(BadTokenizer, IsRefusedByName) {
  json config = small_config();
  config[json::json_pointer(GetParam().pointer)] = json::parse(GetParam().value);
  EXPECT_THAT(refusal_of(config.dump()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadTokenizer,
    testing::Values(
        BadFile{"/model", "null", "lacks \"model\""},
        BadFile{"/model/type", "\"Unigram\"", "model Unigram is not supported"},
        BadFile{"/model/type", "\"WordLevel\"", "model WordLevel is not supported"},
        BadFile{"/model/type", "7", "model.type: must be a string"},
        BadFile{"/model/vocab", "[]", "model.vocab: must be an object"},
        BadFile{"/model/vocab/a", "-1", "must be a token id"},
        BadFile{"/model/vocab/a", "1.5", "must be a token id"},
        BadFile{"/model/vocab/a", "4294967296", "must be a token id"},
        BadFile{"/model/vocab/a", "1", "have the same id 1"},
        BadFile{"/model/merges", "{}", "model.merges: must be an array"},
        BadFile{"/model/merges", "null", "lacks \"merges\""},
        BadFile{"/model/merges/0", "\"a b c\"", "is not two texts and a space"},
        BadFile{"/model/merges/0", "\"ab\"", "is not two texts and a space"},
        BadFile{"/model/merges/0", "[\"a\"]", "merges[0]: must be two texts"},
        BadFile{"/model/merges/0", "[\"a\", 1]", "merges[0]: must be two texts"},
        BadFile{"/model/merges/1", "[\"x\", \"a\"]", "\"x\" is not in the vocabulary"},
        BadFile{"/model/merges/1", "[\"b\", \"a\"]", "\"ba\" is not in the vocabulary"},
        BadFile{"/model/dropout", "0.1", "dropout of merges is not supported"},
        BadFile{"/model/unk_token", "3", "unk_token: must be a string"},
        BadFile{"/added_tokens", "{}", "added_tokens: must be an array"},
        BadFile{"/added_tokens", R"([{"id": 5}])", "lacks \"content\""},
        BadFile{"/added_tokens", R"([{"id": 100, "content": "x"}])", "give it 8"},
        BadFile{"/added_tokens", R"([{"id": 3, "content": "a"}])", "give it 0"},
        BadFile{"/normalizer", R"({"type": "Precompiled"})", "normalizer Precompiled is not"},
        BadFile{"/normalizer", R"({"type": "Strip"})", "lacks \"strip_left\""},
        BadFile{"/normalizer", R"({"type": "Replace", "pattern": {"String": ""}, "content": ""})",
                "an empty pattern is not supported"},
        BadFile{"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "Nmt"}]})",
                "normalizer.normalizers[0]: normalizer Nmt is not"},
        BadFile{"/pre_tokenizer", R"({"type": "UnicodeScripts"})", "UnicodeScripts is not"},
        BadFile{"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})",
                "must be one character"},
        BadFile{"/pre_tokenizer",
                R"({"type": "Metaspace", "replacement": "_", "add_prefix_space": false})",
                "does not agree"},
        BadFile{"/pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "(a"},
                "behavior": "Isolated", "invert": false})",
                "pre_tokenizer.pattern: pattern \"(a\": unclosed group"},
        BadFile{"/pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "a"},
                "behavior": "Sideways", "invert": false})",
                "behavior Sideways is not supported"},
        BadFile{"/decoder", R"({"type": "WordPiece"})", "decoder WordPiece is not supported"},
        BadFile{"/decoder", R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
                {"type": "ByteFallback"}]})",
                "a decoder of single tokens after one that fuses them"},
        BadFile{"/decoder", R"({"type": "Strip", "content": " ", "start": -1, "stop": 0})",
                "start: must be a number below"},
        BadFile{"/post_processor", R"({"type": "Other"})", "post_processor Other is not supported"},
        BadFile{"/post_processor", R"({"type": "TemplateProcessing", "special_tokens": {},
                "single": [{"SpecialToken": {"id": "x"}}]})",
                "lacks \"x\""},
        BadFile{"/post_processor", R"({"type": "TemplateProcessing", "special_tokens": {},
                "single": [{"Sequence": {"id": "B"}}]})",
                "cannot use sequence B"}));

TEST(BadTokenizerPattern, IsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"(*LIMIT_MATCH=1)a", "\"(*\" is not supported"},
      {"(a)\\1", "\"\\1\" is not supported"},
      {"a\\Kb", "\"\\K\" is not supported"},
      {"\\pL", "without a name in braces"},
      {"\\p{Klingon}", "unknown property"},
      {"(?s)a", "\"(?s\" is not supported"},
      {"(?<name>a)", "\"(?<\" is not supported"},
      {"a(?i)b", "an option inside a branch"},
      {"[a", "ends too early"},
      {"[]", "ends too early"},
      {"[a&&]", "an empty character class"},
      {"a)", "unmatched )"},
      {"*a", "nothing to repeat"},
      {"a**", "a quantifier after a quantifier"},
      {"a\\", "ends too early"},
      {"\\x{}", "a bad \\x{...}"},
      {"[z-a]", "range out of order"},
      {"(?<=a+)b", "lookbehind"},
      {"\\Qa\\E", "\"\\Q\" is not supported"},
  };
  for (const auto& [pattern, says] : cases) {
    json config = small_config();
    config["pre_tokenizer"] = {{"type", "Split"},
                               {"pattern", {{"Regex", pattern}}},
                               {"behavior", "Isolated"},
                               {"invert", false}};
    EXPECT_THAT(refusal_of(config.dump()), HasSubstr(says)) << pattern;
  }
}

TEST(BadTokenizerFile, IsRefusedWhenMissingOrNotJson) {
  EXPECT_THAT(refusal_of("{\"model\": "), HasSubstr("tokenizer.json"));
  EXPECT_THAT(refusal_of("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(refusal_of("{\"a\": \"\xFF\"}"), HasSubstr("tokenizer.json"));
  EXPECT_THAT(refusal_of(small_config().dump(), "{"), HasSubstr("tokenizer_config.json"));
  EXPECT_THAT(refusal_of(small_config().dump(), R"({"added_tokens_decoder": {"x": {}}})"),
              HasSubstr("added_tokens_decoder.x"));
  EXPECT_THROW(Tokenizer(ModelFiles::from_memory("nothing", {})), LoadError);
}

TEST(BadTokenizerFile, IsRefusedWhenNestedTooDeeply) {
  json config = small_config();
  json inner = {{"type", "NFC"}};
  for (int i = 0; i < 40; ++i) {
    inner = {{"type", "Sequence"}, {"normalizers", json::array({inner})}};
  }
  config["normalizer"] = inner;
  EXPECT_THAT(refusal_of(config.dump()), HasSubstr("is nested too deeply"));
  const std::string deep(100'000, '[');
  EXPECT_THAT(refusal_of(deep), HasSubstr("tokenizer.json"));
}

}  // namespace
}  // namespace quire::engine
