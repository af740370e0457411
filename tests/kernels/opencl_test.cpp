// What is particular to the OpenCL backend: choice of the device, programs from the cache, a device
// that is lost, memory, and the count of launches. The ops are tested with those of every backend.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "kernels/opencl/cl_context.h"
#include "tests/kernels/backend_fixture.h"

namespace quire::kernels {
namespace {

using opencl::ClContext;
using opencl::ClKernel;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// Skipped without a device. Programs are cached in a folder of the test's own.
class OpenCl : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "no OpenCL driver is instrumented for ThreadSanitizer";
#endif
    if (opencl::find_devices().empty()) GTEST_SKIP() << "no OpenCL device";
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  }
  ~OpenCl() override {
    unsetenv("XDG_CACHE_HOME");
    std::filesystem::remove_all(folder_);
  }

  ClContext make_context() const { return {opencl::device_at(0), cache_}; }
  std::filesystem::path cache_path() const { return folder_ / "quire/opencl"; }

  /// One norm of three rows.
  static Values normed(Backend& on) {
    const Values values = random_values(3 * 40, 1);
    const OwnedMatrix residual = make_matrix(on, values, 3, 40);
    const OwnedMatrix out = make_output(on, 3, 40);
    const auto gain = make_vector(on, random_values(40, 2));
    on.rms_norm({.residual = residual.view, .gain = gain.get(), .out = out.view});
    return read(on, out.view);
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  ("quire-opencl-" + std::to_string(getpid()));
  opencl::ProgramCache cache_{cache_path()};
};

TEST_F(OpenCl, DeviceIsDescribedAndListed) {
  const auto listed = list_opencl_devices();
  EXPECT_EQ(listed.front().name, "opencl:0");
  EXPECT_THAT(make_opencl_backend({})->describe(), HasSubstr("opencl:0 ("));
  EXPECT_GE(listed.front().memory, listed.front().largest_allocation);
  EXPECT_EQ(listed.front().features.size(), 5U);
}

TEST_F(OpenCl, UnknownDeviceIsRefusedByName) {
  EXPECT_THAT([] { make_opencl_backend({.device = 99}); },
              ThrowsMessage<DeviceError>(
                  testing::AllOf(HasSubstr("opencl:99"), HasSubstr("opencl:0"))));
}

TEST_F(OpenCl, ImpossibleTuningIsRefusedByName) {
  EXPECT_THAT([] { make_opencl_backend({.tuning = {.lanes = 3}}); },
              ThrowsMessage<DeviceError>(HasSubstr("3 lanes")));
}

TEST_F(OpenCl, ProgramsComeFromTheCache) {
  const Values built = normed(*make_opencl_backend({}));
  ASSERT_FALSE(std::filesystem::is_empty(cache_path()));
  expect_same_bits(normed(*make_opencl_backend({})), built, "from the cache");
}

// What the file holds is whole, and the driver refuses it all the same.
TEST_F(OpenCl, RefusedBinaryIsBuiltFromItsSource) {
  const Values built = normed(*make_opencl_backend({}));
  for (const auto& entry : std::filesystem::directory_iterator(cache_path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::uint64_t key_bytes = 0;
    std::memcpy(&key_bytes, bytes.data() + 8, sizeof key_bytes);
    cache_.store(bytes.substr(32, key_bytes), "no program");
  }
  expect_same_bits(normed(*make_opencl_backend({})), built, "built again");
}

TEST_F(OpenCl, FailedLaunchLosesTheDeviceForGood) {
  ClContext context = make_context();
  const char* const files[] = {"common", "gather_rows"};
  ClKernel kernel = context.make_kernel(files, "gather_rows", "");
  // A work-group beyond any device's.
  const opencl::Grid grid{.global = {1U << 20, 1, 1}, .local = {1U << 20, 1, 1}};
  EXPECT_THROW(context.run(kernel, grid), DeviceLost);
  EXPECT_THAT([&] { context.finish(); }, ThrowsMessage<DeviceLost>(HasSubstr("gather_rows")));
}

TEST_F(OpenCl, MemoryIsCountedAndRunsOutByName) {
  const auto backend = make_opencl_backend({});
  const std::size_t before = backend->memory()->available;
  const auto buffer = backend->allocate(1 << 20);
  EXPECT_EQ(backend->memory()->available, before - (4U << 20));
  const auto blocks = static_cast<std::int32_t>(backend->memory()->largest / 4096);
  EXPECT_THAT([&] { backend->make_kv_cache({1, blocks, 8, 128, DType::f32}); },
              ThrowsMessage<DeviceError>(HasSubstr("at once")));
  EXPECT_THROW(backend->allocate(std::size_t{1} << 50), DeviceError);
}

TEST_F(OpenCl, CountsLaunches) {
  const auto backend = make_opencl_backend({});
  normed(*backend);
  backend->time_kernels(true);
  normed(*backend);
  const auto times = backend->take_kernel_times();
  ASSERT_EQ(times.size(), 1U);
  EXPECT_EQ(times[0].kernel, "rms_norm");
  EXPECT_EQ(times[0].launches, 1);
  EXPECT_GT(times[0].seconds, 0.0);
  EXPECT_TRUE(backend->take_kernel_times().empty());
  backend->time_kernels(false);
  normed(*backend);
}

}  // namespace
}  // namespace quire::kernels
