// ClContext: programs, from the cache or from their sources.
#include <vector>

#include "kernels/devices.h"
#include "kernels/invariant.h"
#include "kernels/opencl/cl_context.h"
#include "kernels/opencl/cl_error.h"
#include "kernels/opencl/cl_sources.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::size_t kMostLog = 4000;  // characters of a compiler's complaint in a message

std::string_view source_of(std::string_view name) {
  for (const ClSource& source : cl_sources()) {
    if (source.name == name) return source.text;
  }
  INVARIANT(false, "a program's file is embedded");
}

std::string build_log(cl_program program, cl_device_id device) {
  std::size_t size = 0;
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
  std::string log(size, '\0');
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  return log.substr(0, kMostLog);
}

/// Empty where the device gives none.
std::string binary_of(cl_program program) {
  std::size_t size = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, nullptr) !=
      CL_SUCCESS) {
    return {};
  }
  std::string binary(size, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(binary.data());
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, nullptr) !=
      CL_SUCCESS) {
    return {};
  }
  return binary;
}

}  // namespace

ClKernel ClContext::make_kernel(std::span<const char* const> files, const char* function,
                                const std::string& options) {
  std::string source;
  for (const char* file : files) source += source_of(file);
  cl_int status = CL_SUCCESS;
  KernelHandle handle(clCreateKernel(program(source, options), function, &status));
  check_start(status, function);
  return {std::move(handle), function};
}

cl_program ClContext::program(const std::string& source, const std::string& options) {
  ProgramHandle& known = programs_[options + "\n" + source];
  if (!known) known = build(source, options_ + options);
  return known.get();
}

/// Whatever may change what the compiler makes of a source.
std::string ClContext::key_of(const std::string& source, const std::string& options) const {
  return device_.platform_name + "\n" + device_.name + "\n" + device_.driver + "\n" +
         device_.version + "\n" + options + "\n" + source;
}

ProgramHandle ClContext::build(const std::string& source, const std::string& options) {
  const std::string key = key_of(source, options);
  if (const auto binary = cache_.find(key)) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(binary->data());
    const std::size_t size = binary->size();
    cl_int status = CL_SUCCESS;
    cl_int loaded = CL_SUCCESS;
    ProgramHandle program(clCreateProgramWithBinary(context_.get(), 1, &device_.id, &size, &bytes,
                                                    &loaded, &status));
    // A driver may refuse what an equal one made: then the source decides.
    if (status == CL_SUCCESS && loaded == CL_SUCCESS &&
        clBuildProgram(program.get(), 1, &device_.id, options.c_str(), nullptr, nullptr) ==
            CL_SUCCESS) {
      return program;
    }
  }
  const char* text = source.c_str();
  const std::size_t size = source.size();
  cl_int status = CL_SUCCESS;
  ProgramHandle program(clCreateProgramWithSource(context_.get(), 1, &text, &size, &status));
  check_start(status, "making a program");
  if (clBuildProgram(program.get(), 1, &device_.id, options.c_str(), nullptr, nullptr) !=
      CL_SUCCESS) {
    throw DeviceError("OpenCL: " + device_.name + " cannot build a program with " + options + ":\n" +
                      build_log(program.get(), device_.id));
  }
  if (const std::string binary = binary_of(program.get()); !binary.empty()) {
    cache_.store(key, binary);
  }
  return program;
}

}  // namespace quire::kernels::opencl
