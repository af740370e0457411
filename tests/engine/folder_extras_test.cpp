// What lies beside the weights: generation_config.json, the chat template, the special tokens.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/config/chat_template_source.h"
#include "engine/config/generation_config.h"

namespace quire::engine {
namespace {

JsonObject object(const std::string& text) {
  return JsonObject::from_text(text, "m/generation_config.json");
}

std::string refusal(const std::string& text) {
  try {
    (void)read_sampling_defaults(object(text));
    return "";
  } catch (const LoadError& error) {
    return error.what();
  }
}

TEST(SamplingDefaults, AreWhatTheFileNames) {
  const SamplingDefaults defaults = read_sampling_defaults(
      object(R"({"do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.05,
                 "repetition_penalty": 1.05, "num_beams": 1, "max_length": 4096})"));
  EXPECT_EQ(defaults.temperature, 0.7F);
  EXPECT_EQ(defaults.top_p, 0.8F);
  EXPECT_EQ(defaults.top_k, 20);
  EXPECT_EQ(defaults.min_p, 0.05F);
  EXPECT_EQ(defaults.repetition_penalty, 1.05F);
}

TEST(SamplingDefaults, AreAbsentWhereTheFileIsSilentOrNull) {
  const SamplingDefaults defaults =
      read_sampling_defaults(object(R"({"temperature": null, "top_k": -1})"));
  EXPECT_FALSE(defaults.temperature);
  EXPECT_FALSE(defaults.top_p);
  EXPECT_EQ(defaults.top_k, 0);
}

TEST(SamplingDefaults, HaveNoTemperatureWithoutSampling) {
  const SamplingDefaults defaults = read_sampling_defaults(
      object(R"({"do_sample": false, "temperature": 0.7, "top_k": 5, "repetition_penalty": 1.2})"));
  EXPECT_FALSE(defaults.temperature);
  EXPECT_FALSE(defaults.top_k);
  EXPECT_EQ(defaults.repetition_penalty, 1.2F);
}

TEST(SamplingDefaults, AreRefusedOutOfRangeOrUnsupported) {
  EXPECT_EQ(refusal(R"({"top_p": 1.5})").find("m/generation_config.json: top_p = 1.5 is not from"),
            0U);
  EXPECT_NE(refusal(R"({"temperature": -1})").find("temperature = -1"), std::string::npos);
  EXPECT_NE(refusal(R"({"repetition_penalty": 0})").find("repetition_penalty = 0"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"top_k": 1.5})").find("top_k = 1.5"), std::string::npos);
  EXPECT_NE(refusal(R"({"num_beams": 4})").find("num_beams = 4 is not supported"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"suppress_tokens": [3]})").find("suppress_tokens = [3]"),
            std::string::npos);
}

TEST(Eos, IsAnIdOrAListSortedWithoutRepeats) {
  EXPECT_EQ(read_eos(object(R"({"eos_token_id": 7})"), 10), (std::vector<TokenId>{7}));
  EXPECT_EQ(read_eos(object(R"({"eos_token_id": [7, 2, 7]})"), 10), (std::vector<TokenId>{2, 7}));
  EXPECT_TRUE(read_eos(object(R"({"eos_token_id": null})"), 10).empty());
  EXPECT_TRUE(read_eos(object(R"({"eos_token_id": -1})"), 10).empty());
  EXPECT_TRUE(read_eos(object("{}"), 10).empty());
  EXPECT_THROW((void)read_eos(object(R"({"eos_token_id": 10})"), 10), LoadError);
  EXPECT_THROW((void)read_eos(object(R"({"eos_token_id": "</s>"})"), 10), LoadError);
}

/// A folder in memory that owns its files.
class Folder {
 public:
  using Contents = std::vector<std::pair<std::string, std::string>>;
  explicit Folder(Contents contents) : contents_(std::move(contents)) {}
  ModelFiles files() const {
    std::vector<NamedBytes> named;
    for (const auto& [name, text] : contents_) {
      named.push_back({name, std::as_bytes(std::span(text))});
    }
    return ModelFiles::from_memory("m", std::move(named));
  }

 private:
  Contents contents_;
};

TEST(ChatTemplateSource, IsAStringOfTokenizerConfig) {
  const Folder folder(
      Folder::Contents{{"tokenizer_config.json", R"({"chat_template": "{{ 1 }}"})"}});
  EXPECT_EQ(find_chat_template(folder.files()), "{{ 1 }}");
}

TEST(ChatTemplateSource, IsTheDefaultOfAList) {
  const Folder folder(Folder::Contents{{"tokenizer_config.json", R"({"chat_template": [
      {"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]})"}});
  EXPECT_EQ(find_chat_template(folder.files()), "d");
}

TEST(ChatTemplateSource, IsTheJinjaFileWhenThereAreBoth) {
  const Folder folder(
      Folder::Contents{{"chat_template.jinja", "file"},
                       {"tokenizer_config.json", R"({"chat_template": "config"})"}});
  EXPECT_EQ(find_chat_template(folder.files()), "file");
}

TEST(ChatTemplateSource, MayBeAbsent) {
  EXPECT_FALSE(find_chat_template(Folder(Folder::Contents{}).files()));
  const Folder null(Folder::Contents{{"tokenizer_config.json", R"({"chat_template": null})"}});
  EXPECT_FALSE(find_chat_template(null.files()));
}

TEST(ChatTemplateSource, RefusesOtherForms) {
  for (const char* value : {"7", R"([{"name": "rag", "template": "t"}])",
                            R"([{"name": "default"}])", R"(["default"])", "{}"}) {
    const Folder folder(Folder::Contents{
        {"tokenizer_config.json", R"({"chat_template": )" + std::string(value) + "}"}});
    EXPECT_THROW((void)find_chat_template(folder.files()), LoadError) << value;
  }
}

TEST(TemplateVariables, AreTheSpecialTokensAsStrings) {
  const Folder folder(Folder::Contents{{"tokenizer_config.json", R"({
      "bos_token": {"__type": "AddedToken", "content": "<s>"}, "eos_token": "</s>",
      "pad_token": null, "add_bos_token": true,
      "additional_special_tokens": ["<a>", {"content": "<b>"}]})"}});
  EXPECT_EQ(read_template_variables(folder.files()),
            nlohmann::ordered_json::parse(R"({"bos_token": "<s>", "eos_token": "</s>",
                                              "additional_special_tokens": ["<a>", "<b>"]})"));
}

TEST(TemplateVariables, ComeFromTheMapWhereTheConfigIsSilent) {
  const Folder folder(
      {{"special_tokens_map.json", R"({"bos_token": "map", "eos_token": {"content": "<end>"}})"},
       {"tokenizer_config.json", R"({"bos_token": "config"})"}});
  EXPECT_EQ(read_template_variables(folder.files()),
            nlohmann::ordered_json::parse(R"({"bos_token": "config", "eos_token": "<end>"})"));
}

TEST(TemplateVariables, RefuseATokenOfAnotherForm) {
  const Folder folder(Folder::Contents{{"tokenizer_config.json", R"({"bos_token": 1})"}});
  EXPECT_THROW((void)read_template_variables(folder.files()), LoadError);
}

}  // namespace
}  // namespace quire::engine
