#include "engine/model_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

namespace quire::engine {
namespace {

/// A read-only mapping of a whole file; the descriptor is closed at once.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* address, std::size_t size) : address_(address), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (address_ != nullptr) ::munmap(address_, size_);
  }

  std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(address_), size_};
  }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

Mapping map_file(const std::string& path) {
  const Descriptor file(path);
  if (file.get() < 0) throw LoadError(path + ": cannot be opened: " + reason(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    throw LoadError(path + ": cannot be examined: " + reason(errno));
  }
  if (!S_ISREG(status.st_mode)) throw LoadError(path + ": is not a regular file");
  if (status.st_size == 0) return {};
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) throw LoadError(path + ": cannot be mapped: " + reason(errno));
  return {address, size};
}

bool starts_with_gguf_magic(const std::string& path) {
  const Descriptor file(path);
  std::array<char, 4> magic{};
  return file.get() >= 0 && ::read(file.get(), magic.data(), magic.size()) == 4 &&
         std::string_view(magic.data(), magic.size()) == "GGUF";
}

void require_folder(const std::filesystem::path& folder) {
  const std::string label = folder.string();
  std::error_code error;
  const auto status = std::filesystem::status(folder, error);
  if (!std::filesystem::exists(status)) {
    const bool absent = !error || error == std::errc::no_such_file_or_directory;
    throw LoadError(label + (absent ? ": no such model folder" : ": " + error.message()));
  }
  if (std::filesystem::is_directory(status)) return;
  if (std::filesystem::is_regular_file(status) && starts_with_gguf_magic(label)) {
    throw LoadError(label + ": GGUF files are not supported yet; give a folder with config.json, " +
                    "tokenizer.json and safetensors");
  }
  throw LoadError(label + ": is not a folder; give the folder that holds config.json");
}

}  // namespace

/// Either `folder` is set and files are mapped on first use, or `in_memory` holds them all.
struct ModelFiles::Impl {
  std::string origin;
  std::optional<std::filesystem::path> folder;
  std::vector<std::string> names;  // sorted
  std::map<std::string, std::span<const std::byte>, std::less<>> in_memory;
  std::mutex mutex;  // guards mapped
  std::map<std::string, Mapping, std::less<>> mapped;
};

ModelFiles::ModelFiles(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ModelFiles::ModelFiles(ModelFiles&&) noexcept = default;
ModelFiles& ModelFiles::operator=(ModelFiles&&) noexcept = default;
ModelFiles::~ModelFiles() = default;

ModelFiles ModelFiles::from_folder(const std::filesystem::path& folder) {
  require_folder(folder);
  auto impl = std::make_unique<Impl>();
  impl->origin = folder.string();
  impl->folder = folder;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;  // a dangling link is no file of the model
    if (entry->is_regular_file(unreadable))
      impl->names.push_back(entry->path().filename().string());
  }
  if (error) throw LoadError(impl->origin + ": cannot be listed: " + error.message());
  std::sort(impl->names.begin(), impl->names.end());
  return ModelFiles(std::move(impl));
}

ModelFiles ModelFiles::from_memory(std::string label, std::vector<NamedBytes> files) {
  auto impl = std::make_unique<Impl>();
  impl->origin = std::move(label);
  for (NamedBytes& file : files) {
    impl->names.push_back(file.name);
    impl->in_memory.emplace(std::move(file.name), file.bytes);
  }
  std::sort(impl->names.begin(), impl->names.end());
  return ModelFiles(std::move(impl));
}

const std::string& ModelFiles::origin() const noexcept {
  return impl_->origin;
}

bool ModelFiles::contains(std::string_view name) const {
  return std::binary_search(impl_->names.begin(), impl_->names.end(), name);
}

std::optional<std::span<const std::byte>> ModelFiles::find(std::string_view name) const {
  if (!contains(name)) return std::nullopt;
  if (!impl_->folder) return impl_->in_memory.find(name)->second;
  const std::lock_guard lock(impl_->mutex);
  auto found = impl_->mapped.find(name);
  if (found == impl_->mapped.end()) {
    Mapping mapping = map_file((*impl_->folder / name).string());
    found = impl_->mapped.emplace(std::string(name), std::move(mapping)).first;
  }
  return found->second.bytes();
}

std::string_view ModelFiles::text(std::string_view name) const {
  const auto bytes = find(name);
  if (!bytes) throw LoadError(origin() + ": has no file " + std::string(name));
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

std::vector<std::string> ModelFiles::names() const {
  return impl_->names;
}

void ModelFiles::release_pages(std::span<const std::byte> bytes) const noexcept {
  if (!impl_->folder || bytes.empty()) return;
  // Only whole pages inside the range: its neighbours may still be wanted.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + bytes.size()) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace quire::engine
