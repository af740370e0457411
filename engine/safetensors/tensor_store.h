// All tensors of a model folder by name: one model.safetensors, or the shards that
// model.safetensors.index.json lists. Tensors are views into the mapped files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_files.h"

namespace quire::engine {

struct TensorView {
  std::string_view dtype;  // "BF16"; static storage
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;  // row-major, no alignment; lives as long as the ModelFiles
};

/// Immutable. The ModelFiles must outlive it. Thread: any.
class TensorStore {
 public:
  /// Throws LoadError (SafetensorsError for a malformed file).
  explicit TensorStore(const ModelFiles& files);

  /// Null when there is no such tensor.
  const TensorView* find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  const std::map<std::string, TensorView, std::less<>>& all() const noexcept { return tensors_; }
  const ModelFiles& files() const noexcept { return files_; }

 private:
  void add_file(const std::string& file);
  void add_shards();

  const ModelFiles& files_;
  std::map<std::string, TensorView, std::less<>> tensors_;
};

}  // namespace quire::engine
