#include "tests/engine/folder_copy.h"

#include <fstream>
#include <span>

#include "engine/safetensors/header.h"

namespace quire::engine::test {

FolderCopy::FolderCopy(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) add(entry.path());
}

void FolderCopy::add(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  contents_[file.filename().string()] = {std::istreambuf_iterator<char>(stream), {}};
}

void FolderCopy::poison_row(const std::string& tensor, std::int32_t row) {
  std::string& file = contents_.at("model.safetensors");
  const auto header = parse_safetensors_header(std::as_bytes(std::span(file)), "copy");
  for (const StoredTensor& stored : header.tensors) {
    if (stored.name != tensor) continue;
    const std::size_t row_bytes = (stored.end - stored.begin) / stored.shape.at(0);
    const std::size_t begin =
        header.body_offset + stored.begin + static_cast<std::size_t>(row) * row_bytes;
    // All bits set is a NaN in every IEEE format.
    file.replace(begin, row_bytes, row_bytes, '\xff');
  }
}

ModelFiles FolderCopy::files() const {
  std::vector<NamedBytes> named;
  for (const auto& [name, content] : contents_) {
    named.push_back({name, std::as_bytes(std::span(content))});
  }
  return ModelFiles::from_memory("copy", std::move(named));
}

}  // namespace quire::engine::test
