#include "kernels/opencl/cl_context.h"

#include <algorithm>

#include "kernels/devices.h"
#include "kernels/invariant.h"
#include "kernels/opencl/cl_error.h"

namespace quire::kernels::opencl {
namespace {

// No relaxed mathematics; the same options for every program, so that they round alike.
std::string common_options(const ClDevice& device) {
  std::string options = "-cl-std=CL1.2";
  if (device.rounds_division) options += " -cl-fp32-correctly-rounded-divide-sqrt";
  return options;
}

bool means_out_of_memory(cl_int status) {
  return status == CL_MEM_OBJECT_ALLOCATION_FAILURE || status == CL_OUT_OF_RESOURCES ||
         status == CL_OUT_OF_HOST_MEMORY || status == CL_INVALID_BUFFER_SIZE;
}

}  // namespace

ClContext::ClContext(ClDevice device, ProgramCache cache)
    : device_(std::move(device)), cache_(std::move(cache)), options_(common_options(device_)) {
  const cl_context_properties properties[] = {
      CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(device_.platform), 0};
  cl_int status = CL_SUCCESS;
  context_ =
      ContextHandle(clCreateContext(properties, 1, &device_.id, nullptr, nullptr, &status));
  check_start(status, "making a context");
  make_queue(false);
}

void ClContext::make_queue(bool timed) {
  const cl_command_queue_properties properties = timed ? CL_QUEUE_PROFILING_ENABLE : 0;
  cl_int status = CL_SUCCESS;
  queue_ = QueueHandle(clCreateCommandQueue(context_.get(), device_.id, properties, &status));
  check_start(status, "making a queue");
  timed_ = timed;
}

ClMemory ClContext::allocate(std::size_t bytes, const char* what) {
  bytes = std::max<std::size_t>(bytes, 4);
  cl_int status = CL_SUCCESS;
  MemoryHandle memory(
      clCreateBuffer(context_.get(), CL_MEM_READ_WRITE, bytes, nullptr, &status));
  if (status == CL_SUCCESS && !device_.shares_host_memory) {
    const cl_uint zero = 0;
    status = clEnqueueFillBuffer(queue_.get(), memory.get(), &zero, 1, 0, bytes, 0, nullptr,
                                 nullptr);
    if (status == CL_SUCCESS) status = clFinish(queue_.get());
  }
  if (means_out_of_memory(status)) {
    throw DeviceError("out of memory on " + device_.name + ": " + what + " needs " +
                      std::to_string(bytes) + " bytes (" + error_text(status) + ")");
  }
  check_start(status, what);
  return {std::move(memory), bytes, used_};
}

ClMemory ClContext::allocate_zeros(std::size_t bytes, const char* what) {
  ClMemory memory = allocate(bytes, what);
  if (!device_.shares_host_memory) return memory;
  const cl_uchar zero = 0;
  check_start(clEnqueueFillBuffer(queue_.get(), memory.get(), &zero, 1, 0, memory.bytes(), 0,
                                  nullptr, nullptr),
              what);
  finish();
  return memory;
}

void ClContext::fail_if_lost() const {
  if (!lost_.empty()) throw DeviceLost(lost_);
}

void ClContext::check(cl_int status, const char* what) {
  if (status != CL_SUCCESS) lose(std::string(what) + ": " + error_text(status));
}

void ClContext::lose(const std::string& why) {
  lost_ = device_.name + " was lost: " + why;
  throw DeviceLost(lost_);
}

void ClContext::set_bytes(ClKernel& kernel, cl_uint index, std::size_t bytes, const void* value) {
  check(clSetKernelArg(kernel.handle.get(), index, bytes, value), kernel.name.c_str());
}

void ClContext::enqueue(ClKernel& kernel, const Grid& grid) {
  fail_if_lost();
  if (grid.global[0] == 0 || grid.global[1] == 0 || grid.global[2] == 0) return;
  cl_event done = nullptr;
  check(clEnqueueNDRangeKernel(queue_.get(), kernel.handle.get(), 3, nullptr, grid.global.data(),
                               grid.local.data(), 0, nullptr, timed_ ? &done : nullptr),
        kernel.name.c_str());
  if (timed_) launches_.push_back({&kernel, EventHandle(done)});
}

EventHandle ClContext::write_later(cl_mem to, std::size_t bytes, const void* from) {
  fail_if_lost();
  cl_event done = nullptr;
  check(clEnqueueWriteBuffer(queue_.get(), to, CL_FALSE, 0, bytes, from, 0, nullptr, &done),
        "writing");
  return EventHandle(done);
}

void ClContext::write(cl_mem to, std::size_t offset, std::size_t bytes, const void* from) {
  fail_if_lost();
  if (bytes == 0) return;
  check(clEnqueueWriteBuffer(queue_.get(), to, CL_TRUE, offset, bytes, from, 0, nullptr, nullptr),
        "writing");
}

void ClContext::read(cl_mem from, const Rect& rect, void* to) {
  fail_if_lost();
  if (rect.rows == 0 || rect.row_bytes == 0) return;
  if (rect.rows == 1 || rect.pitch == rect.row_bytes) {
    check(clEnqueueReadBuffer(queue_.get(), from, CL_TRUE, rect.offset, rect.row_bytes * rect.rows,
                              to, 0, nullptr, nullptr),
          "reading");
    return;
  }
  const std::size_t device_origin[] = {rect.offset % rect.pitch, rect.offset / rect.pitch, 0};
  const std::size_t host_origin[] = {0, 0, 0};
  const std::size_t region[] = {rect.row_bytes, rect.rows, 1};
  // A rectangle may not leave its pitch: rows that straddle it are read one by one.
  if (device_origin[0] + rect.row_bytes <= rect.pitch) {
    check(clEnqueueReadBufferRect(queue_.get(), from, CL_TRUE, device_origin, host_origin, region,
                                  rect.pitch, 0, rect.row_bytes, 0, to, 0, nullptr, nullptr),
          "reading");
    return;
  }
  for (std::size_t r = 0; r < rect.rows; ++r) {
    check(clEnqueueReadBuffer(queue_.get(), from, CL_TRUE, rect.offset + r * rect.pitch,
                              rect.row_bytes, static_cast<char*>(to) + r * rect.row_bytes, 0,
                              nullptr, nullptr),
          "reading");
  }
}

void ClContext::finish() {
  fail_if_lost();
  check(clFinish(queue_.get()), "waiting");
}

void ClContext::time_kernels(bool on) {
  finish();
  launches_.clear();
  make_queue(on);
}

std::vector<KernelTime> ClContext::take_kernel_times() {
  INVARIANT(timed_, "kernels are timed before their times are taken");
  finish();
  std::map<std::string, KernelTime> sums;
  for (const Launch& launch : launches_) {
    cl_ulong begin = 0, end = 0;
    check(clGetEventProfilingInfo(launch.done.get(), CL_PROFILING_COMMAND_START, sizeof begin,
                                  &begin, nullptr),
          "timing");
    check(clGetEventProfilingInfo(launch.done.get(), CL_PROFILING_COMMAND_END, sizeof end, &end,
                                  nullptr),
          "timing");
    KernelTime& sum = sums[launch.kernel->name];
    sum.kernel = launch.kernel->name;
    ++sum.launches;
    sum.seconds += 1e-9 * static_cast<double>(end - begin);
  }
  launches_.clear();
  std::vector<KernelTime> times;
  for (auto& [name, sum] : sums) times.push_back(std::move(sum));
  return times;
}

}  // namespace quire::kernels::opencl
