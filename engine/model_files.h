// The files of one model, wherever they live: a folder on disk (memory-mapped) or the binary itself
// (the embedded demo model). Everything above reads models through this alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quire::engine {

/// A model that cannot be loaded: names the file, the key or tensor, the value, and the remedy.
class LoadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One file in memory; the bytes live as long as the ModelFiles they came from.
struct NamedBytes {
  std::string name;  // "config.json"
  std::span<const std::byte> bytes;
};

/// Immutable after construction; movable. Thread: any.
class ModelFiles {
 public:
  /// Maps regular files of `folder` on demand. Throws LoadError if it is not a readable folder.
  static ModelFiles from_folder(const std::filesystem::path& folder);
  /// Files that are already in memory and outlive this object.
  static ModelFiles from_memory(std::string label, std::vector<NamedBytes> files);

  ModelFiles(ModelFiles&&) noexcept;
  ModelFiles& operator=(ModelFiles&&) noexcept;
  ~ModelFiles();

  /// Folder path or label, for messages.
  const std::string& origin() const noexcept;
  bool contains(std::string_view name) const;
  /// Throws LoadError when the file exists but cannot be read.
  std::optional<std::span<const std::byte>> find(std::string_view name) const;
  /// The same as text; throws LoadError naming file and origin when absent.
  std::string_view text(std::string_view name) const;
  /// Names, sorted.
  std::vector<std::string> names() const;
  /// Lets the mapped pages inside `bytes` (a part of what find returned) leave memory; reading them
  /// again stays valid. Nothing happens for files from memory.
  void release_pages(std::span<const std::byte> bytes) const noexcept;

 private:
  struct Impl;
  explicit ModelFiles(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::engine
