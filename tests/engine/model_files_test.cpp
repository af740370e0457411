#include "engine/model_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace quire::engine {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, removed at the end.
class ModelFilesTest : public testing::Test {
 protected:
  ModelFilesTest() {
    std::string name = (fs::temp_directory_path() / "quire_model_files_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~ModelFilesTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  static std::string refusal(const fs::path& path) {
    try {
      (void)ModelFiles::from_folder(path);
      return "";
    } catch (const LoadError& error) {
      return error.what();
    }
  }

  fs::path folder_;
};

TEST_F(ModelFilesTest, ListsRegularFilesAndFollowsLinks) {
  write("b.json", "{}");
  fs::create_directory(folder_ / "onnx");
  fs::create_symlink(folder_ / "b.json", folder_ / "a.json");
  fs::create_symlink(folder_ / "gone", folder_ / "dangling");
  const ModelFiles files = ModelFiles::from_folder(folder_);
  EXPECT_EQ(files.names(), (std::vector<std::string>{"a.json", "b.json"}));
  EXPECT_EQ(files.text("a.json"), "{}");
  EXPECT_EQ(files.origin(), folder_.string());
}

TEST_F(ModelFilesTest, GivesEmptyFilesAsEmpty) {
  write("empty", "");
  const ModelFiles files = ModelFiles::from_folder(folder_);
  ASSERT_TRUE(files.find("empty"));
  EXPECT_TRUE(files.find("empty")->empty());
  EXPECT_EQ(files.text("empty"), "");
}

TEST_F(ModelFilesTest, FindsNothingOutsideTheFolder) {
  write("in", "x");
  const ModelFiles files = ModelFiles::from_folder(folder_);
  EXPECT_FALSE(files.contains("absent"));
  EXPECT_FALSE(files.find("absent"));
  EXPECT_FALSE(files.find("../" + folder_.filename().string() + "/in"));
  EXPECT_THROW((void)files.text("absent"), LoadError);
}

TEST_F(ModelFilesTest, SaysThatAFileVanished) {
  write("weights", "x");
  const ModelFiles files = ModelFiles::from_folder(folder_);
  fs::remove(folder_ / "weights");
  try {
    (void)files.find("weights");
    FAIL() << "found";
  } catch (const LoadError& error) {
    EXPECT_NE(std::string(error.what()).find("weights: cannot be opened"), std::string::npos);
  }
}

TEST_F(ModelFilesTest, KeepsAMappedFileThatIsRemovedLater) {
  write("weights", "bytes");
  const ModelFiles files = ModelFiles::from_folder(folder_);
  EXPECT_EQ(files.text("weights"), "bytes");
  fs::remove(folder_ / "weights");
  EXPECT_EQ(files.text("weights"), "bytes");
}

TEST_F(ModelFilesTest, ReadsReleasedPagesAgain) {
  const std::string content(1U << 20U, 'q');
  write("weights", content);
  const ModelFiles files = ModelFiles::from_folder(folder_);
  const auto bytes = *files.find("weights");
  EXPECT_EQ(files.text("weights"), content);
  files.release_pages(bytes.subspan(100, 500'000));
  files.release_pages({});
  EXPECT_EQ(files.text("weights"), content);
}

TEST_F(ModelFilesTest, RefusesWhatIsNoFolder) {
  EXPECT_EQ(refusal(folder_ / "none"), (folder_ / "none").string() + ": no such model folder");
  write("file.txt", "text");
  EXPECT_NE(refusal(folder_ / "file.txt").find("is not a folder"), std::string::npos);
  write("model.gguf", "GGUF\3");
  EXPECT_NE(refusal(folder_ / "model.gguf").find("GGUF files are not supported yet"),
            std::string::npos);
}

TEST(ModelFilesInMemory, AreFoundByName) {
  const std::string content = "{}";
  const ModelFiles files = ModelFiles::from_memory(
      "embedded", {{"z.json", std::as_bytes(std::span(content))}, {"a.json", {}}});
  EXPECT_EQ(files.names(), (std::vector<std::string>{"a.json", "z.json"}));
  EXPECT_EQ(files.text("z.json"), content);
  EXPECT_EQ(files.origin(), "embedded");
  files.release_pages(*files.find("z.json"));
  EXPECT_EQ(files.text("z.json"), content);
}

}  // namespace
}  // namespace quire::engine
