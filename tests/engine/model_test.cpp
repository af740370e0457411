// Whole model folders through Model::load.

#include "engine/model.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kernels/devices.h"
#include "tests/engine/decoder_support.h"
#include "tests/engine/folder_copy.h"

namespace quire::engine::test {
namespace {

class ModelTest : public testing::Test {
 protected:
  Model load() { return Model::load(folder_.files(), *backend_); }
  void change(const std::string& file, const nlohmann::json& patch) {
    auto content = nlohmann::json::parse(folder_.text(file));
    content.merge_patch(patch);
    folder_.text(file) = content.dump();
  }
  std::string refusal() {
    try {
      (void)load();
      return "";
    } catch (const LoadError& error) {
      return error.what();
    }
  }

  FolderCopy folder_{fixtures() / "llama3"};
  std::unique_ptr<kernels::Backend> backend_ = kernels::make_reference_backend();
};

TEST_F(ModelTest, SummarisesWhatItLoaded) {
  const Model model = load();
  const ModelSummary& summary = model.summary();
  EXPECT_EQ(summary.model_type, "llama");
  EXPECT_EQ(summary.vocab_size, 96);
  EXPECT_EQ(summary.max_positions, 128);
  EXPECT_EQ(summary.layers, 2);
  EXPECT_EQ(summary.heads, 4);
  EXPECT_EQ(summary.kv_heads, 2);
  EXPECT_EQ(summary.head_dim, 8);
  EXPECT_EQ(summary.dtype, kernels::DType::f16);
  EXPECT_EQ(summary.quantization, "");
  // The file holds 16-bit floats and a header.
  EXPECT_LT(summary.parameters * 2,
            static_cast<std::int64_t>(folder_.text("model.safetensors").size()));
  EXPECT_GT(summary.parameters * 2, 40'000);
  EXPECT_GT(summary.weight_bytes, 0U);
}

TEST_F(ModelTest, TakesSamplingDefaultsFromGenerationConfig) {
  EXPECT_EQ(load().sampling_defaults().temperature, 0.6F);
  EXPECT_EQ(load().sampling_defaults().top_p, 0.9F);
  EXPECT_FALSE(load().sampling_defaults().top_k);
  folder_.erase("generation_config.json");
  EXPECT_FALSE(load().sampling_defaults().temperature);
}

TEST_F(ModelTest, TakesEosFromTheFirstFileThatNamesOne) {
  EXPECT_EQ(load().summary().eos, (std::vector<TokenId>{2, 7}));
  change("generation_config.json", {{"eos_token_id", nullptr}});
  change("config.json", {{"eos_token_id", 5}});
  EXPECT_EQ(load().summary().eos, (std::vector<TokenId>{5}));
  change("config.json", {{"eos_token_id", nullptr}});
  EXPECT_EQ(load().summary().eos, (std::vector<TokenId>{2}));  // "</s>" of tokenizer_config.json
}

TEST_F(ModelTest, EncodesWithTheFoldersTokenizer) {
  const Model model = load();
  // The ids are those of the Python package that wrote the tokenizer.
  EXPECT_EQ(model.tokenizer().encode("the on."), (std::vector<TokenId>{1, 81, 3, 84, 66}));
  EXPECT_LT(model.tokenizer().vocab_size(), model.summary().vocab_size);
  EXPECT_EQ(model.tokenizer().decode(std::vector<TokenId>{1, 81, 95}), "the");
}

TEST_F(ModelTest, RendersItsChatTemplateWithItsVariables) {
  const Model model = load();
  ASSERT_NE(model.chat_template(), nullptr);
  nlohmann::ordered_json variables = model.template_variables();
  EXPECT_EQ(variables["bos_token"], "<s>");
  variables["messages"] = {{{"role", "user"}, {"content", "hi"}}};
  const auto text = model.chat_template()->render(variables);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text.value(), "<s>hi</s>");
}

TEST_F(ModelTest, MayLackAChatTemplate) {
  change("tokenizer_config.json", {{"chat_template", nullptr}});
  EXPECT_EQ(load().chat_template(), nullptr);
}

TEST_F(ModelTest, IsRefusedWithoutOneOfItsFiles) {
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"}) {
    SCOPED_TRACE(name);
    const std::string content = folder_.text(name);
    folder_.erase(name);
    EXPECT_NE(refusal().find(name), std::string::npos) << refusal();
    folder_.text(name) = content;
  }
}

TEST_F(ModelTest, IsRefusedWhenAFileIsCutShort) {
  for (const char* name : {"config.json", "generation_config.json", "tokenizer_config.json",
                           "tokenizer.json", "model.safetensors"}) {
    SCOPED_TRACE(name);
    const std::string content = folder_.text(name);
    folder_.text(name).resize(content.size() / 2);
    EXPECT_NE(refusal().find(name), std::string::npos) << refusal();
    folder_.text(name) = content;
  }
}

TEST_F(ModelTest, IsRefusedForATemplateThatDoesNotParse) {
  change("tokenizer_config.json", {{"chat_template", "{% if %}"}});
  EXPECT_NE(refusal(), "");
}

TEST_F(ModelTest, ReportsProgressUpToTheWhole) {
  std::size_t last = 0;
  std::size_t whole = 0;
  (void)Model::load(folder_.files(), *backend_, [&](std::size_t done, std::size_t total) {
    EXPECT_GE(done, last);
    last = done;
    whole = total;
  });
  EXPECT_GT(whole, 0U);
  EXPECT_EQ(last, whole);
}

}  // namespace
}  // namespace quire::engine::test
