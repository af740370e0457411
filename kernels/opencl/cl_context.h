// One device in use: context, in-order queue, programs and memory. Nothing waits for the device
// except finish, the reads of cl_buffer and the allocations.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/opencl/cl_devices.h"
#include "kernels/opencl/cl_handle.h"
#include "kernels/opencl/program_cache.h"

namespace quire::kernels::opencl {

/// Work-items, and how many of them form a group; every dimension a multiple of its group's.
struct Grid {
  std::array<std::size_t, 3> global{1, 1, 1};
  std::array<std::size_t, 3> local{1, 1, 1};
};

/// `count` rounded up to whole groups of `local`.
constexpr std::size_t whole_groups(std::size_t count, std::size_t local) noexcept {
  return (count + local - 1) / local * local;
}

/// Local memory as a kernel argument.
struct LocalBytes {
  std::size_t bytes;
};

struct ClKernel {
  KernelHandle handle;
  std::string name;
};

/// Memory of a ClContext, which must outlive it. Thread: caller synchronises.
class ClMemory {
 public:
  ClMemory() = default;
  ClMemory(MemoryHandle handle, std::size_t bytes, std::size_t& used)
      : handle_(std::move(handle)), bytes_(bytes), used_(&used) {
    *used_ += bytes_;
  }
  ClMemory(ClMemory&& other) noexcept
      : handle_(std::move(other.handle_)),
        bytes_(std::exchange(other.bytes_, 0)),
        used_(other.used_) {}
  ClMemory& operator=(ClMemory&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(bytes_, other.bytes_);
    std::swap(used_, other.used_);
    return *this;
  }
  ~ClMemory() {
    if (used_ != nullptr) *used_ -= bytes_;
  }

  cl_mem get() const noexcept { return handle_.get(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  MemoryHandle handle_;
  std::size_t bytes_ = 0;
  std::size_t* used_ = nullptr;
};

/// Thread: as Backend.
class ClContext {
 public:
  /// Programs are cached in `cache`. Throws DeviceError.
  ClContext(ClDevice device, ProgramCache cache);

  const ClDevice& device() const noexcept { return device_; }
  const ProgramCache& cache() const noexcept { return cache_; }
  /// Bytes of memory made by allocate that live.
  std::size_t used_bytes() const noexcept { return used_; }

  /// Touched, so that a device that promises more than it has fails here. Throws DeviceError naming
  /// `what` and its size.
  ClMemory allocate(std::size_t bytes, const char* what);
  /// As allocate, zero-filled.
  ClMemory allocate_zeros(std::size_t bytes, const char* what);

  /// `function` of the program made of the embedded files `files`, in order, built with `options` on
  /// first use. Throws DeviceError with the compiler's words.
  ClKernel make_kernel(std::span<const char* const> files, const char* function,
                       const std::string& options);

  /// Starts a kernel; its arguments are memory, plain values and LocalBytes. An empty grid starts
  /// nothing. Throws DeviceLost.
  template <class... Args>
  void run(ClKernel& kernel, const Grid& grid, const Args&... args) {
    cl_uint index = 0;
    (set(kernel, index++, args), ...);
    enqueue(kernel, grid);
  }

  /// `from` must stay as it is until the event is complete. Throws DeviceLost.
  EventHandle write_later(cl_mem to, std::size_t bytes, const void* from);
  /// Returns when `from` may be changed. Throws DeviceLost.
  void write(cl_mem to, std::size_t offset, std::size_t bytes, const void* from);
  /// Rows of `row_bytes`, `pitch` apart from `offset` on, without gaps to `to`; waits for everything
  /// before. Throws DeviceLost.
  struct Rect {
    std::size_t offset, row_bytes, rows, pitch;
  };
  void read(cl_mem from, const Rect& rect, void* to);
  void finish();
  /// Throws DeviceLost, now and at every later call.
  [[noreturn]] void lose(const std::string& why);

  void time_kernels(bool on);
  std::vector<KernelTime> take_kernel_times();

 private:
  struct Launch {
    const ClKernel* kernel;
    EventHandle done;
  };

  template <class T>
  void set(ClKernel& kernel, cl_uint index, const T& value) {
    set_bytes(kernel, index, sizeof value, &value);
  }
  void set(ClKernel& kernel, cl_uint index, const LocalBytes& local) {
    set_bytes(kernel, index, local.bytes, nullptr);
  }
  void set_bytes(ClKernel& kernel, cl_uint index, std::size_t bytes, const void* value);
  void enqueue(ClKernel& kernel, const Grid& grid);
  void make_queue(bool timed);
  void fail_if_lost() const;
  void check(cl_int status, const char* what);  // loses the device unless it is CL_SUCCESS
  cl_program program(const std::string& source, const std::string& options);
  ProgramHandle build(const std::string& source, const std::string& options);
  std::string key_of(const std::string& source, const std::string& options) const;

  ClDevice device_;
  ProgramCache cache_;
  std::string options_;  // of every program
  std::size_t used_ = 0;
  ContextHandle context_;
  QueueHandle queue_;
  std::map<std::string, ProgramHandle> programs_;  // by options and source
  bool timed_ = false;
  std::vector<Launch> launches_;  // since take_kernel_times
  std::string lost_;              // why, or ""
};

}  // namespace quire::kernels::opencl
