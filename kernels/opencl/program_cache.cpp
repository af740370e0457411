#include "kernels/opencl/program_cache.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace quire::kernels::opencl {
namespace {

// File: magic, bytes of key and value, checksum of the value, then key and value. The key is
// compared whole, so that a collision of file names costs a rebuild and no more.
constexpr std::string_view kMagic = "quirecl1";
struct Header {
  std::array<char, 8> magic;
  std::uint64_t key_bytes;
  std::uint64_t value_bytes;
  std::uint64_t checksum;
};
// Far beyond any program; bounds what a damaged header can make us read.
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace

std::filesystem::path ProgramCache::path_of(std::string_view key) const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (std::uint64_t hash = hash_of(key), i = 0; i < 16; ++i, hash >>= 4) {
    name += kDigits[hash & 15U];
  }
  return folder_ / (name + ".bin");
}

std::optional<std::string> ProgramCache::find(std::string_view key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(path_of(key), std::ios::binary);
  Header header{};
  if (!in.read(reinterpret_cast<char*>(&header), sizeof header)) return std::nullopt;
  if (std::string_view(header.magic.data(), header.magic.size()) != kMagic ||
      header.key_bytes != key.size() || header.value_bytes > kMostBytes) {
    return std::nullopt;
  }
  std::string stored(key.size(), '\0');
  std::string value(header.value_bytes, '\0');
  if (!in.read(stored.data(), static_cast<std::streamsize>(stored.size())) || stored != key ||
      !in.read(value.data(), static_cast<std::streamsize>(value.size())) ||
      hash_of(value) != header.checksum) {
    return std::nullopt;
  }
  return value;
}

void ProgramCache::store(std::string_view key, std::string_view value) const {
  static std::atomic<unsigned> counter{0};
  if (folder_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  const std::filesystem::path path = path_of(key);
  std::filesystem::path beside = path;
  beside += "." + std::to_string(getpid()) + "." + std::to_string(++counter) + ".tmp";
  Header header{.magic = {},
                .key_bytes = key.size(),
                .value_bytes = value.size(),
                .checksum = hash_of(value)};
  std::memcpy(header.magic.data(), kMagic.data(), kMagic.size());
  std::ofstream out(beside, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&header), sizeof header);
  out.write(key.data(), static_cast<std::streamsize>(key.size()));
  out.write(value.data(), static_cast<std::streamsize>(value.size()));
  out.close();
  if (out) std::filesystem::rename(beside, path, error);
  if (!out || error) std::filesystem::remove(beside, error);
}

std::filesystem::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return std::filesystem::path(cache) / "quire/opencl";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') {
    return std::filesystem::path(home) / ".cache/quire/opencl";
  }
  return {};
}

}  // namespace quire::kernels::opencl
