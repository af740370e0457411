// OpenCL on this machine: f32 products of a model's shapes by our kernels, by CLBlast on the same device
// and by our CPU backend; whether a row of CLBlast's has the same bits alone and among others; 4-bit
// products by our kernels and our CPU backend; and the device's floors: a read of its memory, 4 x 8 bit
// dot products on the path that `linear` takes. Where the device is the CPU, seconds are those of CPU time,
// hence rates those of one core, which stay true on a busy machine; else those of the wall clock.
// Usage: bench_opencl [opencl device number] [runs] [tiny]
#include <CL/cl.h>
#include <clblast.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/devices.h"
#include "kernels/opencl/cl_probes.h"
#include "tools/machine.h"

namespace {

namespace qk = quire::kernels;

struct Shape {
  std::int32_t rows, outputs, inputs;  // M, N, K
};
// q/k/v, gate and down of Llama-3.2-1B; rows of a decode step, a batch and a prefill chunk.
constexpr Shape kShapes[] = {{1, 2048, 2048},  {16, 2048, 2048},  {128, 2048, 2048},
                             {1, 8192, 2048},  {16, 8192, 2048},  {128, 8192, 2048},
                             {1, 2048, 8192},  {16, 2048, 8192},  {128, 2048, 8192}};

std::vector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 bits(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(bits() >> 8) * 0x1p-23F - 1.0F;
  return values;
}

std::size_t count(std::int32_t a, std::int32_t b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

struct Timing {
  clockid_t clock = CLOCK_MONOTONIC;
  int runs = 5;

  double now() const {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  /// Median of a run; one run before them warms up.
  double median_seconds(const std::function<void()>& run) const {
    run();
    std::vector<double> seconds;
    for (int i = 0; i < runs; ++i) {
      const double begin = now();
      run();
      seconds.push_back(now() - begin);
    }
    std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
    return seconds[static_cast<std::size_t>(runs / 2)];
  }
};

qk::WeightSource dense(const Shape& s, const std::vector<float>& w) {
  return {.rows = s.outputs,
          .cols = s.inputs,
          .dense = qk::DenseSource{.dtype = qk::DType::f32,
                                   .elements = reinterpret_cast<const std::byte*>(w.data())},
          .affine = {}};
}

/// 4 bits in groups of 64 with bf16 scales; the codes are the bytes of `w`, the scales a pattern.
qk::WeightSource affine(const Shape& s, const std::vector<float>& w,
                        const std::vector<std::uint16_t>& scales) {
  const auto* bytes = reinterpret_cast<const std::byte*>(scales.data());
  return {.rows = s.outputs,
          .cols = s.inputs,
          .dense = {},
          .affine = qk::AffineSource{.bits = 4,
                                     .group = 64,
                                     .scale_dtype = qk::DType::bf16,
                                     .codes = reinterpret_cast<const std::byte*>(w.data()),
                                     .scales = bytes,
                                     .biases = bytes}};
}

/// One of our backends on one shape: the product, and one float fetched, which waits for it.
double ours(qk::Backend& backend, const Shape& s, const std::vector<float>& x,
            const qk::WeightSource& source, const Timing& timing) {
  const auto weight = backend.prepare_weight(source);
  const auto in = backend.allocate(x.size());
  backend.upload(*in, 0, x);
  const auto out = backend.allocate(count(s.rows, s.outputs));
  const qk::LinearTerm term{weight.get(), nullptr, {out.get(), 0, s.rows, s.outputs, s.outputs}};
  float one = 0;
  return timing.median_seconds([&] {
    backend.linear({in.get(), 0, s.rows, s.inputs, s.inputs}, {&term, 1});
    backend.download({out.get(), 0, 1, 1, 1}, {&one, 1});
  });
}

void check(cl_int status, const char* what) {
  if (status != CL_SUCCESS) {
    throw std::runtime_error(std::string(what) + ": error " + std::to_string(status));
  }
}

constexpr const char* kFloors = R"CL(
#if DOT_PATH == 2
int dot4(uint w, uint x, int sum) {
  int result;
  asm("dp4a.u32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(w), "r"(x), "r"(sum));
  return result;
}
#elif DOT_PATH == 1
#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable
int dot4(uint w, uint x, int sum) { return sum + dot_4x8packed_us_int(w, x); }
#else
int dot4(uint w, uint x, int sum) {
  const char4 a = as_char4(x);
  return sum + (int)(w & 0xffu) * a.x + (int)((w >> 8) & 0xffu) * a.y +
         (int)((w >> 16) & 0xffu) * a.z + (int)(w >> 24) * a.w;
}
#endif
__kernel void read_all(__global const uint4* from, uint each, __global uint* out) {
  uint4 sum = (uint4)(0);
  for (uint i = 0; i < each; ++i) sum ^= from[i * get_global_size(0) + get_global_id(0)];
  if ((sum.x ^ sum.y ^ sum.z ^ sum.w) == 12345u) out[0] = sum.x;
}
__kernel void dots(__global const uint4* from, uint each, __global uint* out) {
  const uint4 w = from[get_global_id(0)];
  int a = 0, b = 1, c = 2, d = 3;
  for (uint i = 0; i < each; ++i) {
    a = dot4(w.x, (uint)d, a);
    b = dot4(w.y, (uint)a, b);
    c = dot4(w.z, (uint)b, c);
    d = dot4(w.w, (uint)c, d);
  }
  if (a + b + c + d == 12345) out[0] = (uint)a;
}
#if WIDTH == 1
typedef float Floats;
#else
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
typedef JOIN(float, WIDTH) Floats;
#endif
__kernel void multiply_adds(__global const uint4* from, uint each, __global uint* out) {
  const Floats w = (Floats)(as_float(from[get_global_id(0)].x));
  Floats sums[8];
  for (int i = 0; i < 8; ++i) sums[i] = w * i;
  for (uint i = 0; i < each; ++i) {
#pragma unroll
    for (int j = 0; j < 8; ++j) sums[j] = fma(sums[j], w, w);
  }
  union {
    Floats all;
    float each[WIDTH];
  } sum;
  sum.all = sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
  float total = 0;
  for (int i = 0; i < WIDTH; ++i) total += sum.each[i];
  if (total == 12345.0f) out[0] = 1;
}
)CL";

/// A queue of its own on the device: CLBlast, and the floors.
class Session {
 public:
  explicit Session(std::size_t index) {
    cl_uint platforms = 0;
    check(clGetPlatformIDs(0, nullptr, &platforms), "platforms");
    std::vector<cl_platform_id> ids(platforms);
    check(clGetPlatformIDs(platforms, ids.data(), nullptr), "platforms");
    std::vector<cl_device_id> devices;
    for (const cl_platform_id id : ids) {
      cl_uint count = 0;
      if (clGetDeviceIDs(id, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) continue;
      devices.resize(devices.size() + count);
      check(clGetDeviceIDs(id, CL_DEVICE_TYPE_ALL, count, &devices[devices.size() - count], nullptr),
            "devices");
    }
    device_ = devices.at(index);
    cl_int status = CL_SUCCESS;
    context_ = clCreateContext(nullptr, 1, &device_, nullptr, nullptr, &status);
    check(status, "context");
    queue_ = clCreateCommandQueue(context_, device_, 0, &status);
    check(status, "queue");
  }
  ~Session() {
    clReleaseCommandQueue(queue_);
    clReleaseContext(context_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Median seconds of a floor kernel over `items` work-items, `each` rounds.
  double floor_seconds(const char* name, const std::string& defines, std::size_t items,
                       cl_uint each, const Timing& timing) {
    cl_int status = CL_SUCCESS;
    const char* source = kFloors;
    const cl_program program = clCreateProgramWithSource(context_, 1, &source, nullptr, &status);
    check(status, "program");
    const std::string options = "-cl-std=CL1.2" + defines;
    check(clBuildProgram(program, 1, &device_, options.c_str(), nullptr, nullptr), "building");
    const cl_kernel kernel = clCreateKernel(program, name, &status);
    check(status, name);
    const cl_mem from = clCreateBuffer(context_, CL_MEM_READ_WRITE, items * 16 * each, nullptr,
                                       &status);
    check(status, "buffer");
    const cl_mem out = clCreateBuffer(context_, CL_MEM_READ_WRITE, 4, nullptr, &status);
    check(status, "buffer");
    const cl_uint ones = 0x01020304;
    check(clEnqueueFillBuffer(queue_, from, &ones, sizeof ones, 0, items * 16 * each, 0, nullptr,
                              nullptr),
          "filling");
    clSetKernelArg(kernel, 0, sizeof from, &from);
    clSetKernelArg(kernel, 1, sizeof each, &each);
    clSetKernelArg(kernel, 2, sizeof out, &out);
    const std::size_t local = 256;
    const double seconds = timing.median_seconds([&] {
      check(clEnqueueNDRangeKernel(queue_, kernel, 1, nullptr, &items, &local, 0, nullptr, nullptr),
            name);
      check(clFinish(queue_), name);
    });
    clReleaseMemObject(from);
    clReleaseMemObject(out);
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    return seconds;
  }

  cl_mem upload(const std::vector<float>& values) {
    cl_int status = CL_SUCCESS;
    const cl_mem memory = clCreateBuffer(context_, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                         values.size() * sizeof(float),
                                         const_cast<float*>(values.data()), &status);
    check(status, "buffer");
    return memory;
  }

  /// y [rows, N] = x [rows, K] w [N, K]^T.
  void multiply(const Shape& s, std::int32_t rows, cl_mem x, cl_mem w, cl_mem y) {
    const auto m = static_cast<std::size_t>(rows), n = static_cast<std::size_t>(s.outputs),
               k = static_cast<std::size_t>(s.inputs);
    const auto status =
        clblast::Gemm(clblast::Layout::kRowMajor, clblast::Transpose::kNo, clblast::Transpose::kYes,
                      m, n, k, 1.0F, x, 0, k, w, 0, k, 0.0F, y, 0, n, &queue_);
    check(static_cast<cl_int>(status), "CLBlast");
    check(clFinish(queue_), "waiting");
  }

  std::vector<float> read(cl_mem memory, std::size_t count) {
    std::vector<float> values(count);
    check(clEnqueueReadBuffer(queue_, memory, CL_TRUE, 0, count * sizeof(float), values.data(), 0,
                              nullptr, nullptr),
          "reading");
    return values;
  }

 private:
  cl_device_id device_ = nullptr;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
};

struct Peer {
  double seconds;
  std::int32_t differing;  // outputs of row 0 that are not the same bits alone
};

Peer peer(Session& clblast, const Shape& s, const std::vector<float>& x,
          const std::vector<float>& w, const Timing& timing) {
  const auto outputs = static_cast<std::size_t>(s.outputs);
  const cl_mem in = clblast.upload(x), weight = clblast.upload(w);
  const cl_mem out = clblast.upload(std::vector<float>(count(s.rows, s.outputs)));
  const double seconds =
      timing.median_seconds([&] { clblast.multiply(s, s.rows, in, weight, out); });
  const auto among = clblast.read(out, outputs);
  clblast.multiply(s, 1, in, weight, out);
  const auto alone = clblast.read(out, outputs);
  std::int32_t differing = 0;
  for (std::size_t i = 0; i < outputs; ++i) {
    differing += std::memcmp(&among[i], &alone[i], sizeof(float)) != 0 ? 1 : 0;
  }
  for (const cl_mem memory : {in, weight, out}) clReleaseMemObject(memory);
  return {seconds, differing};
}

void print_floors(Session& session, const qk::opencl::ClDevice& device, bool tiny,
                  const Timing& timing) {
  const int path = qk::opencl::dot_path(device);
  constexpr const char* kPaths[] = {"plain OpenCL C", "cl_khr_integer_dot_product", "PTX dp4a"};
  const std::size_t items = std::size_t{1} << (tiny ? 12 : 18);
  constexpr cl_uint kRounds = 64;  // of reads: 256 MiB
  const cl_uint dot_rounds = device.is_cpu ? kRounds : 8 * kRounds;
  const std::string defines =
      " -DDOT_PATH=" + std::to_string(path) + " -DWIDTH=" + std::to_string(device.float_width);
  const double read = session.floor_seconds("read_all", defines, items, kRounds, timing);
  const double dots = session.floor_seconds("dots", defines, items, dot_rounds, timing);
  const double adds = session.floor_seconds("multiply_adds", defines, items, dot_rounds, timing);
  const double work = 1e-9 * static_cast<double>(items);
  std::printf("floors   read %.1f GB/s, f32 multiply-adds %.1f Gflop/s, dot products %.1f Gop/s (%s)\n",
              work * 16 * kRounds / read, work * 2 * 8 * device.float_width * dot_rounds / adds,
              work * 4 * 8 * dot_rounds / dots, kPaths[path]);
}

void print_products(const Shape& s, qk::Backend& device, qk::Backend& cpu, Session& session,
                    const Timing& timing) {
  const auto x = random_floats(count(s.rows, s.inputs), 1);
  const auto w = random_floats(count(s.outputs, s.inputs), 2);
  const std::vector<std::uint16_t> scales(count(s.outputs, s.inputs) / 64, 0x3c01);
  const double gflop = 2e-9 * s.rows * static_cast<double>(count(s.outputs, s.inputs));
  const double own = ours(device, s, x, dense(s, w), timing);
  const Peer other = peer(session, s, x, w, timing);
  const double host = ours(cpu, s, x, dense(s, w), timing);
  const double own4 = ours(device, s, x, affine(s, w, scales), timing);
  const double host4 = ours(cpu, s, x, affine(s, w, scales), timing);
  std::printf("%-4d %-4d %-4d %10.2f %10.2f %10.2f %18s %14.2f %10.2f\n", s.rows, s.outputs,
              s.inputs, gflop / own, gflop / other.seconds, gflop / host,
              (std::to_string(other.differing) + " of " + std::to_string(s.outputs)).c_str(),
              gflop / own4, gflop / host4);
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  const int index = argc > 1 ? std::atoi(argv[1]) : 0;
  const bool tiny = argc > 3 && std::strcmp(argv[3], "tiny") == 0;
  if (argc > 4 || (argc > 3 && !tiny)) throw std::runtime_error("usage: [device] [runs] [tiny]");
  const qk::opencl::ClDevice described = qk::opencl::device_at(index);
  const Timing timing{.clock = described.is_cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC,
                      .runs = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5};
  const auto device = qk::make_opencl_backend({.device = index});
  const auto cpu = qk::make_cpu_backend({.threads = described.is_cpu ? 1 : 0, .isa = ""});
  Session session(static_cast<std::size_t>(index));
  std::printf("machine  %s\nbuild    %s\nopencl   %s\ncpu      %s\nseconds  %s\n",
              quire::tools::machine_name().c_str(), quire::tools::build_name().c_str(),
              device->describe().c_str(), cpu->describe().c_str(),
              described.is_cpu ? "of CPU time: rates of one core" : "of the wall clock");
  print_floors(session, described, tiny, timing);
  std::printf("\n               %10s %10s %10s %18s %14s %10s\n", "f32 ours", "CLBlast", "our CPU",
              "CLBlast differs*", "4 bits, ours", "our CPU");
  std::printf("M    N    K    Gflop/s (Gop/s); * outputs of row 0 whose bits differ alone and among M\n");
  for (Shape s : kShapes) {
    if (tiny) s = {.rows = s.rows, .outputs = s.outputs / 32, .inputs = s.inputs / 16};
    print_products(s, *device, *cpu, session, timing);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_opencl: %s\n", error.what());
    return 1;
  }
}
