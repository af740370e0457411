#include "tests/kernels/backend_fixture.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/kernels/emulated_level.h"

namespace quire::kernels {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

OwnedMatrix make_matrix(Backend& backend, const Values& values, std::int32_t rows,
                        std::int32_t cols, Placement placement) {
  OwnedMatrix made = make_output(backend, rows, cols, placement);
  for (std::int32_t r = 0; r < rows; ++r) {
    const std::size_t at =
        made.view.offset + static_cast<std::size_t>(r) * static_cast<std::size_t>(made.view.stride);
    backend.upload(*made.buffer, at,
                   std::span(values).subspan(static_cast<std::size_t>(r * cols),
                                             static_cast<std::size_t>(cols)));
  }
  return made;
}

OwnedMatrix make_output(Backend& backend, std::int32_t rows, std::int32_t cols,
                        Placement placement) {
  const std::int32_t stride = cols + placement.gap;
  const auto floats = static_cast<std::size_t>(placement.offset + rows * stride);
  OwnedMatrix made;
  made.buffer = backend.allocate(floats);
  backend.upload(*made.buffer, 0, Values(floats, kNaN));
  made.view = {made.buffer.get(), static_cast<std::size_t>(placement.offset), rows, cols, stride};
  return made;
}

std::unique_ptr<Buffer> make_vector(Backend& backend, const Values& values) {
  auto buffer = backend.allocate(values.size());
  backend.upload(*buffer, 0, values);
  return buffer;
}

Values read(Backend& backend, const Matrix& matrix) {
  Values values(static_cast<std::size_t>(matrix.rows) * static_cast<std::size_t>(matrix.cols));
  backend.download(matrix, values);
  return values;
}

void expect_surroundings_untouched(Backend& backend, const OwnedMatrix& matrix,
                                   const std::string& what) {
  const auto floats = static_cast<std::int32_t>(matrix.buffer->floats());
  const Values all = read(backend, {matrix.buffer.get(), 0, 1, floats, floats});
  const auto stride = static_cast<std::size_t>(matrix.view.stride);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool before = i < matrix.view.offset;
    const std::size_t column = before ? 0 : (i - matrix.view.offset) % stride;
    if (!before && column < static_cast<std::size_t>(matrix.view.cols)) continue;
    ASSERT_TRUE(std::isnan(all[i]))
        << what << ": element " << i << " beside the matrix was written";
  }
}

Values rows_of(const Values& values, std::int32_t cols, std::int32_t first, std::int32_t count) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first) * cols;
  return {begin, begin + static_cast<std::ptrdiff_t>(count) * cols};
}

Values random_values(std::size_t count, std::uint32_t seed, float magnitude) {
  std::mt19937 bits(seed);  // specified exactly by the standard, unlike the distributions
  Values values(count);
  for (float& value : values) {
    value = (static_cast<float>(bits() >> 8) * 0x1p-23F - 1.0F) * magnitude;
  }
  return values;
}

void expect_close(const Values& actual, const Values& expected, const std::vector<double>& bounds,
                  const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  std::size_t worst = 0;
  double worst_ratio = 0.0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double bound = bounds.size() == 1 ? bounds[0] : bounds.at(i);
    const double error = std::abs(double{actual[i]} - double{expected[i]});
    // Equal values pass a bound of zero; NaN never passes.
    const double ratio = error == 0.0 ? 0.0 : error / bound;
    if (!(ratio <= worst_ratio)) {
      worst = i;
      worst_ratio = std::isnan(ratio) ? std::numeric_limits<double>::infinity() : ratio;
    }
  }
  EXPECT_LE(worst_ratio, 1.0) << what << ": worst at index " << worst << " of " << actual.size()
                              << ": " << actual[worst] << ", expected " << expected[worst];
}

void expect_same_bits(const Values& actual, const Values& expected, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << what << ": first difference at index " << i << " of " << actual.size() << ": "
        << actual[i] << " is not " << expected[i];
  }
}

std::vector<Device> tested_devices() {
  std::vector<Device> devices = list_devices();
  Device opencl;
  opencl.name = "opencl";
  opencl.description = "the first OpenCL device";
  opencl.supported = true;
  devices.push_back(opencl);
  return devices;
}

void BackendTest::SetUp() {
  const std::string missing = missing_to_test(GetParam());
  if (!missing.empty()) GTEST_SKIP() << GetParam().name << ": " << missing;
#if defined(__SANITIZE_THREAD__)
  if (is_opencl()) GTEST_SKIP() << "no OpenCL driver is instrumented for ThreadSanitizer";
#endif
  try {
    backend = make_backend();
  } catch (const DeviceError& error) {
    if (!is_opencl()) throw;
    GTEST_SKIP() << error.what();
  }
}

std::unique_ptr<Backend> BackendTest::make_backend(std::int32_t threads) const {
  if (!is_opencl()) return make_level_backend(GetParam(), threads);
  // The defaults of a CPU, those of a GPU with integer dot products, and neither's.
  constexpr auto kBytes = CodeProducts::bytes, kFloats = CodeProducts::floats;
  static const OpenClTuning tunings[] = {
      {.lanes = 1, .many_rows = 8, .columns = 16, .products = kFloats, .tile = 1},
      {.lanes = 8, .many_rows = 16, .columns = 1, .products = kBytes, .tile = 2},
      {.lanes = 4, .many_rows = 8, .columns = 4, .products = kFloats, .tile = 4}};
  return make_opencl_backend({.tuning = tunings[threads % 3]});
}

std::string BackendTest::isa() const {
  const std::string& name = GetParam().name;
  return name.substr(name.find(':') + 1);
}

std::string device_test_name(const testing::TestParamInfo<Device>& param) {
  std::string name = param.param.name;
  for (char& c : name) {
    if (c == ':') c = '_';
  }
  return name;
}

}  // namespace quire::kernels
