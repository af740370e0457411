// Move-only owners of OpenCL objects.
#pragma once

#include <CL/cl.h>

#include <utility>

namespace quire::kernels::opencl {

/// Thread: caller synchronises.
template <class T, cl_int (*kRelease)(T)>
class ClHandle {
 public:
  ClHandle() = default;
  explicit ClHandle(T object) noexcept : object_(object) {}
  ClHandle(ClHandle&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ClHandle& operator=(ClHandle&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ClHandle() {
    if (object_ != nullptr) kRelease(object_);
  }

  T get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T object_ = nullptr;
};

using ContextHandle = ClHandle<cl_context, clReleaseContext>;
using QueueHandle = ClHandle<cl_command_queue, clReleaseCommandQueue>;
using ProgramHandle = ClHandle<cl_program, clReleaseProgram>;
using KernelHandle = ClHandle<cl_kernel, clReleaseKernel>;
using MemoryHandle = ClHandle<cl_mem, clReleaseMemObject>;
using EventHandle = ClHandle<cl_event, clReleaseEvent>;

}  // namespace quire::kernels::opencl
