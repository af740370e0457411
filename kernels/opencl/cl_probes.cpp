#include "kernels/opencl/cl_probes.h"

#include <cstdint>

#include "kernels/opencl/cl_error.h"
#include "kernels/opencl/cl_handle.h"

namespace quire::kernels::opencl {
namespace {

struct ProbeProgram {
  Feature feature;
  const char* name;
  const char* extension;  // "" = none needed
  const char* source;     // kernel `probe`: 32 work-items, lane 0 writes out[0]
  std::uint32_t expected;
};

constexpr const char* kHalf = R"CL(
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
__kernel void probe(__global uint* out, uint one) {
  half h = (half)(float)one;
  h = h * (half)1.5f + (half)0.5f;
  if (get_global_id(0) == 0) out[0] = (uint)(float)h;
}
)CL";

constexpr const char* kSubgroups = R"CL(
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
__kernel void probe(__global uint* out, uint one) {
  const uint sum = sub_group_reduce_add(one);
  if (get_global_id(0) == 0) out[0] = sum == get_sub_group_size() ? 7u : 0u;
}
)CL";

constexpr const char* kKhrDot = R"CL(
#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable
__kernel void probe(__global uint* out, uint one) {
  const int sum = dot_4x8packed_us_int(0xff010203u, 0xff040506u * one);
  if (get_global_id(0) == 0) out[0] = (uint)(sum + 1000);
}
)CL";

constexpr const char* kPtxDot = R"CL(
__kernel void probe(__global uint* out, uint one) {
  int sum;
  asm("dp4a.u32.s32 %0, %1, %2, %3;" : "=r"(sum) : "r"(0xff010203u), "r"(0xff040506u * one), "r"(1000));
  if (get_global_id(0) == 0) out[0] = (uint)sum;
}
)CL";

// One 16 x 8 x 32 product of int8 ones (sm_80 and later): every element is 32.
constexpr const char* kPtxMatrix = R"CL(
__kernel void probe(__global uint* out, uint one) {
  const uint x = 0x01010101u * one;
  int a, b, c, d;
  asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
      : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
      : "r"(x), "r"(x), "r"(x), "r"(x), "r"(x), "r"(x), "r"(0));
  if (get_global_id(0) == 0) out[0] = (uint)(a + b + c + d);
}
)CL";

// 255 * -1 + 1 * 4 + 2 * 5 + 3 * 6 = -223.
constexpr std::uint32_t kDot = 1000 - 223;

constexpr ProbeProgram kPrograms[] = {
    {Feature::half_arithmetic, "half arithmetic", "cl_khr_fp16", kHalf, 2},
    {Feature::subgroups, "subgroups", "cl_khr_subgroups", kSubgroups, 7},
    {Feature::khr_dot_product, "integer dot product (cl_khr)", "cl_khr_integer_dot_product",
     kKhrDot, kDot},
    {Feature::ptx_dot_product, "integer dot product (PTX dp4a)", "cl_nv_device_attribute_query",
     kPtxDot, kDot},
    {Feature::ptx_matrix, "integer matrix product (PTX mma)", "cl_nv_device_attribute_query",
     kPtxMatrix, 128},
};

/// Everything that it takes to run one program once; any failure means that it does not work.
bool runs(const ClDevice& device, cl_context context, cl_command_queue queue,
          const ProbeProgram& what) {
  cl_int status = CL_SUCCESS;
  const char* source = what.source;
  const ProgramHandle program(
      clCreateProgramWithSource(context, 1, &source, nullptr, &status));
  if (status != CL_SUCCESS) return false;
  if (clBuildProgram(program.get(), 1, &device.id, "-cl-std=CL1.2", nullptr, nullptr) !=
      CL_SUCCESS) {
    return false;
  }
  const KernelHandle kernel(clCreateKernel(program.get(), "probe", &status));
  if (status != CL_SUCCESS) return false;
  const MemoryHandle out(
      clCreateBuffer(context, CL_MEM_WRITE_ONLY, sizeof(cl_uint), nullptr, &status));
  if (status != CL_SUCCESS) return false;
  const cl_mem memory = out.get();
  const cl_uint one = 1;
  const std::size_t lanes = 32;
  cl_uint result = 0;
  return clSetKernelArg(kernel.get(), 0, sizeof memory, &memory) == CL_SUCCESS &&
         clSetKernelArg(kernel.get(), 1, sizeof one, &one) == CL_SUCCESS &&
         clEnqueueNDRangeKernel(queue, kernel.get(), 1, nullptr, &lanes, &lanes, 0, nullptr,
                                nullptr) == CL_SUCCESS &&
         clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, sizeof result, &result, 0, nullptr,
                             nullptr) == CL_SUCCESS &&
         result == what.expected;
}

}  // namespace

std::vector<Probe> probe(const ClDevice& device) {
  const cl_context_properties properties[] = {
      CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(device.platform), 0};
  cl_int status = CL_SUCCESS;
  const ContextHandle context(
      clCreateContext(properties, 1, &device.id, nullptr, nullptr, &status));
  check_start(status, "making a context");
  const QueueHandle queue(clCreateCommandQueue(context.get(), device.id, 0, &status));
  check_start(status, "making a queue");
  std::vector<Probe> probes;
  for (const ProbeProgram& what : kPrograms) {
    probes.push_back({what.feature, what.name,
                      device.has_extension(what.extension) &&
                          runs(device, context.get(), queue.get(), what)});
  }
  return probes;
}

int dot_path(const ClDevice& device) {
  const bool promising = device.has_extension("cl_khr_integer_dot_product") ||
                         device.has_extension("cl_nv_device_attribute_query");
  if (!promising) return 0;
  int path = 0;
  for (const Probe& found : probe(device)) {
    if (!found.works) continue;
    if (found.feature == Feature::khr_dot_product) path = 1;
    if (found.feature == Feature::ptx_dot_product) return 2;
  }
  return path;
}

}  // namespace quire::kernels::opencl
