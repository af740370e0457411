#include "kernels/opencl/cl_devices.h"

#include "kernels/devices.h"
#include "kernels/opencl/cl_error.h"
#include "kernels/opencl/cl_probes.h"

namespace quire::kernels {
namespace opencl {
namespace {

// The largest work-group of cl/ (rms_norm, linear) and the local memory of linear_tile, which OpenCL 1.2
// guarantees.
constexpr std::size_t kWorkGroup = 256;
constexpr std::size_t kLocalMemory = std::size_t{32} << 10;

std::string text_of(cl_device_id device, cl_device_info what) {
  std::size_t size = 0;
  if (clGetDeviceInfo(device, what, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (clGetDeviceInfo(device, what, size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(size - 1);  // its terminating zero
  return text;
}

std::string text_of(cl_platform_id platform, cl_platform_info what) {
  std::size_t size = 0;
  if (clGetPlatformInfo(platform, what, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (clGetPlatformInfo(platform, what, size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(size - 1);
  return text;
}

template <class T>
T value_of(cl_device_id device, cl_device_info what) {
  T value{};
  check_start(clGetDeviceInfo(device, what, sizeof value, &value, nullptr), "device query");
  return value;
}

ClDevice read_device(cl_platform_id platform, cl_device_id id) {
  ClDevice device;
  device.platform = platform;
  device.id = id;
  device.name = text_of(id, CL_DEVICE_NAME);
  device.platform_name = text_of(platform, CL_PLATFORM_NAME);
  device.driver = text_of(id, CL_DRIVER_VERSION);
  device.version = text_of(id, CL_DEVICE_OPENCL_C_VERSION);
  device.extensions = std::string(" ") + text_of(id, CL_DEVICE_EXTENSIONS) + " ";
  device.memory = value_of<cl_ulong>(id, CL_DEVICE_GLOBAL_MEM_SIZE);
  device.largest_allocation = value_of<cl_ulong>(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  device.local_memory = value_of<cl_ulong>(id, CL_DEVICE_LOCAL_MEM_SIZE);
  device.work_group = value_of<std::size_t>(id, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  device.compute_units =
      static_cast<std::int32_t>(value_of<cl_uint>(id, CL_DEVICE_MAX_COMPUTE_UNITS));
  device.is_cpu = (value_of<cl_device_type>(id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU) != 0;
  device.float_width =
      static_cast<std::int32_t>(value_of<cl_uint>(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT));
  device.shares_host_memory = value_of<cl_bool>(id, CL_DEVICE_HOST_UNIFIED_MEMORY) == CL_TRUE;
  const auto floats = value_of<cl_device_fp_config>(id, CL_DEVICE_SINGLE_FP_CONFIG);
  device.rounds_division = (floats & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
  return device;
}

}  // namespace

std::string name_of(std::int32_t index) {
  return std::string("opencl:") + std::to_string(index);
}

std::vector<ClDevice> find_devices() {
  std::vector<ClDevice> found;
  cl_uint count = 0;
  // Without any platform the loader answers an error of its own.
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return found;
  std::vector<cl_platform_id> platforms(count);
  check_start(clGetPlatformIDs(count, platforms.data(), nullptr), "listing platforms");
  for (const cl_platform_id platform : platforms) {
    cl_uint devices = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &devices) != CL_SUCCESS) continue;
    std::vector<cl_device_id> ids(devices);
    check_start(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices, ids.data(), nullptr),
                "listing devices");
    for (const cl_device_id id : ids) {
      found.push_back(read_device(platform, id));
      found.back().index = static_cast<std::int32_t>(found.size()) - 1;
    }
  }
  return found;
}

std::string unusable_reason(const ClDevice& device) {
  const auto id = device.id;
  if (value_of<cl_bool>(id, CL_DEVICE_AVAILABLE) != CL_TRUE) return "it is not available";
  if (value_of<cl_bool>(id, CL_DEVICE_COMPILER_AVAILABLE) != CL_TRUE) return "it has no compiler";
  if (value_of<cl_bool>(id, CL_DEVICE_ENDIAN_LITTLE) != CL_TRUE) return "it is big-endian";
  if (device.work_group < kWorkGroup) {
    return "its work-groups hold " + std::to_string(device.work_group) + " work-items, " +
           std::to_string(kWorkGroup) + " are needed";
  }
  if (device.local_memory < kLocalMemory) {
    return "its local memory holds " + std::to_string(device.local_memory) + " bytes, " +
           std::to_string(kLocalMemory) + " are needed";
  }
  return {};
}

ClDevice device_at(std::int32_t index) {
  std::vector<ClDevice> devices = find_devices();
  const std::string name = name_of(index);
  if (devices.empty()) {
    throw DeviceError(name + ": no OpenCL platform with a device on this machine; remedy: install "
                      "the device's OpenCL driver, or pocl-opencl-icd to compute on the CPU");
  }
  if (index < 0 || static_cast<std::size_t>(index) >= devices.size()) {
    std::string known;
    for (const ClDevice& device : devices) {
      if (!known.empty()) known += ", ";
      known += name_of(device.index) + " (" + device.name + ")";
    }
    throw DeviceError(name + " does not exist; this machine has " + known);
  }
  ClDevice device = std::move(devices[static_cast<std::size_t>(index)]);
  if (const std::string reason = unusable_reason(device); !reason.empty()) {
    throw DeviceError(name + " (" + device.name + ") cannot be used: " + reason);
  }
  return device;
}

}  // namespace opencl

std::vector<OpenClDevice> list_opencl_devices() {
  std::vector<OpenClDevice> list;
  for (const opencl::ClDevice& device : opencl::find_devices()) {
    OpenClDevice listed{.name = opencl::name_of(device.index),
                        .description = device.name + ", " + device.platform_name + " " +
                                       device.driver,
                        .memory = device.memory,
                        .largest_allocation = device.largest_allocation,
                        .compute_units = device.compute_units,
                        .features = {},
                        .unusable = opencl::unusable_reason(device)};
    if (listed.unusable.empty()) {
      for (const opencl::Probe& probe : opencl::probe(device)) {
        listed.features.push_back({probe.name, probe.works});
      }
    }
    list.push_back(std::move(listed));
  }
  return list;
}

}  // namespace quire::kernels
