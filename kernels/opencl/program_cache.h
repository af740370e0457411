// Small files that are expensive to make again: built programs, and what the tuner found. Any number of
// processes may share the folder; a file that is damaged or of another key is as good as absent.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace quire::kernels::opencl {

/// Thread: any.
class ProgramCache {
 public:
  /// An empty path caches nothing.
  explicit ProgramCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// What was stored under this key, whole and undamaged, or nothing.
  std::optional<std::string> find(std::string_view key) const;
  /// Written beside and moved into place. A folder that cannot be written is no error.
  void store(std::string_view key, std::string_view value) const;

  /// The file of a key.
  std::filesystem::path path_of(std::string_view key) const;

 private:
  std::filesystem::path folder_;
};

/// $XDG_CACHE_HOME/quire/opencl, or ~/.cache/quire/opencl; empty without either variable.
std::filesystem::path cache_folder();

}  // namespace quire::kernels::opencl
