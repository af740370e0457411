#include "kernels/opencl/program_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

namespace quire::kernels::opencl {
namespace {

class ProgramCacheTest : public testing::Test {
 protected:
  ~ProgramCacheTest() override { std::filesystem::remove_all(folder_); }

  std::string bytes_of(const std::string& key) const {
    std::ifstream in(cache_.path_of(key), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void replace(const std::string& key, const std::string& bytes) const {
    std::ofstream(cache_.path_of(key), std::ios::binary) << bytes;
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      ("quire-program-cache-" + std::to_string(getpid()));
  ProgramCache cache_{folder_};
};

TEST_F(ProgramCacheTest, GivesBackWhatWasStoredUnderTheKey) {
  const std::string value("a\0b\xff", 4);
  EXPECT_FALSE(cache_.find("device, driver, source"));
  cache_.store("device, driver, source", value);
  EXPECT_EQ(cache_.find("device, driver, source"), value);
  EXPECT_FALSE(cache_.find("device, other driver, source"));
  cache_.store("device, driver, source", "");
  EXPECT_EQ(cache_.find("device, driver, source"), "");
}

// A file of another key in a key's place: what a collision of file names would be.
TEST_F(ProgramCacheTest, ComparesTheWholeKey) {
  cache_.store("one", "value");
  replace("two", bytes_of("one"));
  EXPECT_FALSE(cache_.find("two"));
}

TEST_F(ProgramCacheTest, TakesADamagedFileForAbsent) {
  cache_.store("key", "some value");
  const std::string whole = bytes_of("key");
  ASSERT_GT(whole.size(), 40U);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    replace("key", damaged);
    EXPECT_FALSE(cache_.find("key")) << "byte " << i;
    replace("key", whole.substr(0, i));
    EXPECT_FALSE(cache_.find("key")) << i << " bytes";
  }
  cache_.store("key", "another");
  EXPECT_EQ(cache_.find("key"), "another");
}

TEST_F(ProgramCacheTest, NobodySeesHalfAFile) {
  const std::vector<std::string> values = {std::string(100000, 'a'), std::string(200000, 'b')};
  cache_.store("key", values[0]);
  std::vector<std::thread> writers;
  for (const std::string& value : values) {
    writers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) cache_.store("key", value);
    });
  }
  for (int i = 0; i < 100; ++i) {
    const auto found = cache_.find("key");
    ASSERT_TRUE(found);
    EXPECT_TRUE(*found == values[0] || *found == values[1]);
  }
  for (std::thread& writer : writers) writer.join();
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().extension(), ".bin") << "no temporary file is left";
  }
}

TEST_F(ProgramCacheTest, WithoutAFolderItKeepsNothing) {
  const ProgramCache none{{}};
  none.store("key", "value");
  EXPECT_FALSE(none.find("key"));
  const ProgramCache unwritable{"/proc/quire"};
  unwritable.store("key", "value");
  EXPECT_FALSE(unwritable.find("key"));
}

}  // namespace
}  // namespace quire::kernels::opencl
