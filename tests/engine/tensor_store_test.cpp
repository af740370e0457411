// Tensors by name, from one file or from the shards of an index.

#include "engine/safetensors/tensor_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace quire::engine {
namespace {

/// A file as bytes that outlive the views into it.
std::string file_of(const std::string& header, std::size_t body_bytes) {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + std::string(body_bytes, '\1');
}

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

ModelFiles memory(std::vector<std::pair<std::string, const std::string*>> files) {
  std::vector<NamedBytes> named;
  for (auto& [name, content] : files) named.push_back({name, bytes(*content)});
  return ModelFiles::from_memory("model", std::move(named));
}

std::string error_of(const ModelFiles& files) {
  try {
    const TensorStore store(files);
    return "";
  } catch (const LoadError& error) {
    return error.what();
  }
}

const std::string kA = file_of(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})", 2);
const std::string kB = file_of(R"({"b":{"dtype":"I8","shape":[3],"data_offsets":[0,3]}})", 3);

TEST(TensorStore, JoinsTheShardsOfAnIndex) {
  const std::string index = R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})";
  const ModelFiles files = memory(
      {{"model.safetensors.index.json", &index}, {"1.safetensors", &kA}, {"2.safetensors", &kB}});
  const TensorStore store(files);
  EXPECT_EQ(store.all().size(), 2U);
  EXPECT_EQ(store.find("b")->bytes.size(), 3U);
  EXPECT_EQ(store.find("c"), nullptr);
}

TEST(TensorStore, RefusesAShardThatIsAbsentOrOutsideTheFolder) {
  for (const char* shard : {"3.safetensors", "../1.safetensors", "/etc/passwd"}) {
    const std::string index = R"({"weight_map":{"a":")" + std::string(shard) + R"("}})";
    const std::string error =
        error_of(memory({{"model.safetensors.index.json", &index}, {"1.safetensors", &kA}}));
    EXPECT_EQ(error, "model/" + std::string(shard) +
                         ": is named in model.safetensors.index.json but does not exist");
  }
}

TEST(TensorStore, RefusesATensorThatItsShardLacks) {
  const std::string index = R"({"weight_map":{"a":"1.safetensors","c":"1.safetensors"}})";
  const std::string error =
      error_of(memory({{"model.safetensors.index.json", &index}, {"1.safetensors", &kA}}));
  EXPECT_NE(error.find("tensor 'c' is not in 1.safetensors"), std::string::npos) << error;
}

TEST(TensorStore, RefusesATensorInTwoShards) {
  const std::string index = R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})";
  const std::string error = error_of(memory(
      {{"model.safetensors.index.json", &index}, {"1.safetensors", &kA}, {"2.safetensors", &kA}}));
  EXPECT_NE(error.find("tensor 'a' is in another shard too"), std::string::npos) << error;
}

TEST(TensorStore, RefusesAnIndexWithoutStrings) {
  const std::string index = R"({"weight_map":{"a":7}})";
  const std::string error = error_of(memory({{"model.safetensors.index.json", &index}}));
  EXPECT_NE(error.find("weight_map.a = 7 is not a string"), std::string::npos) << error;
}

TEST(TensorStore, SaysWhichOtherWeightsTheFolderHolds) {
  const std::string empty;
  EXPECT_NE(error_of(memory({{"model.gguf", &empty}})).find("GGUF files are not supported yet"),
            std::string::npos);
  EXPECT_NE(error_of(memory({{"pytorch_model.bin", &empty}})).find("convert pytorch_model.bin"),
            std::string::npos);
}

TEST(TensorStore, ReadsTheSharedUnalignedTensor) {
  const auto path = std::filesystem::path(QUIRE_SHARED_DATA) /
                    "formats/safetensors_malformed/unaligned_header_ok.safetensors";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  const ModelFiles files = memory({{"model.safetensors", &file}});
  const TensorStore store(files);
  float value = 0.0F;
  ASSERT_EQ(store.find("a")->bytes.size(), sizeof value);
  std::memcpy(&value, store.find("a")->bytes.data(), sizeof value);
  EXPECT_EQ(value, 1.0F);
}

}  // namespace
}  // namespace quire::engine
