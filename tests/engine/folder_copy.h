// A model folder in memory that a test may change before it is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "engine/model_files.h"

namespace quire::engine::test {

class FolderCopy {
 public:
  explicit FolderCopy(const std::filesystem::path& folder);

  /// Takes a file over under its own name.
  void add(const std::filesystem::path& file);
  std::string& text(const std::string& name) { return contents_[name]; }
  void erase(const std::string& name) { contents_.erase(name); }
  /// Overwrites one row of a 16-bit float matrix of model.safetensors with NaN.
  void poison_row(const std::string& tensor, std::int32_t row);

  /// Views into this copy, which must outlive what is loaded from them.
  ModelFiles files() const;

 private:
  std::map<std::string, std::string> contents_;
};

}  // namespace quire::engine::test
