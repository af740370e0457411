// Shared by the kernel tests: one parameterised fixture over every CPU ISA level compiled in and an
// OpenCL device, matrices with odd offsets and strides, comparisons that name the worst element, and bitwise
// comparisons.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/devices.h"

namespace quire::kernels {

/// How a failing test prints its parameter.
inline void PrintTo(const Device& device, std::ostream* to) {
  *to << device.name;
}

/// f32 values of a row-major matrix without gaps.
using Values = std::vector<float>;

/// A matrix with a buffer of its own.
struct OwnedMatrix {
  std::unique_ptr<Buffer> buffer;
  Matrix view;
};

/// How a matrix lies in its buffer: elements before it and between its rows, filled with NaN so
/// that a kernel that reads them shows.
struct Placement {
  std::int32_t offset = 0;
  std::int32_t gap = 0;
};

OwnedMatrix make_matrix(Backend& backend, const Values& values, std::int32_t rows,
                        std::int32_t cols, Placement placement = {});
/// Elements are NaN.
OwnedMatrix make_output(Backend& backend, std::int32_t rows, std::int32_t cols,
                        Placement placement = {});
std::unique_ptr<Buffer> make_vector(Backend& backend, const Values& values);
Values read(Backend& backend, const Matrix& matrix);

/// Fails when an element of the buffer outside the view is no longer the NaN that it was made with.
void expect_surroundings_untouched(Backend& backend, const OwnedMatrix& matrix,
                                   const std::string& what);

/// Rows [first, first + count) of row-major `values` with `cols` columns.
Values rows_of(const Values& values, std::int32_t cols, std::int32_t first, std::int32_t count);

/// Uniform in [-magnitude, magnitude), the same for the same seed on every machine.
Values random_values(std::size_t count, std::uint32_t seed, float magnitude = 1.0F);

/// Fails with the worst index when any |actual - expected| exceeds its bound (or is NaN).
/// bounds: one per element, or one for all.
void expect_close(const Values& actual, const Values& expected, const std::vector<double>& bounds,
                  const std::string& what);

/// Fails with the first index whose bits differ.
void expect_same_bits(const Values& actual, const Values& expected, const std::string& what);

/// Half the distance from 1 to the next f32: the relative error of one rounding.
inline constexpr double kEpsilon = 0x1p-24;

/// Every ISA level compiled in, and the first OpenCL device as "opencl". Asks no OpenCL platform:
/// listing the tests must not load one.
std::vector<Device> tested_devices();

/// Parameterised by an ISA level, emulated where this machine lacks AMX, or "opencl"; skipped with
/// the reason where that is impossible.
class BackendTest : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override;

  /// A backend of the device under test. OpenCL has no threads to choose: there the number picks
  /// what a tuner might choose instead, which must change no bit either.
  std::unique_ptr<Backend> make_backend(std::int32_t threads = 2) const;
  bool is_opencl() const { return GetParam().name == "opencl"; }
  std::string isa() const;  // "avx512"
  bool is_emulated() const { return !GetParam().supported; }

  std::unique_ptr<Backend> reference = make_reference_backend();
  std::unique_ptr<Backend> backend;  // of the device under test, 2 threads
};

std::string device_test_name(const testing::TestParamInfo<Device>& param);

}  // namespace quire::kernels

/// Runs every TEST_P of a fixture derived from BackendTest on every ISA level and on OpenCL.
#define QUIRE_ON_EVERY_DEVICE(Fixture)                                                       \
  INSTANTIATE_TEST_SUITE_P(, Fixture, testing::ValuesIn(::quire::kernels::tested_devices()), \
                           ::quire::kernels::device_test_name)

/// Those that are about the CPU backend.
#define QUIRE_ON_EVERY_ISA(Fixture)                                                        \
  INSTANTIATE_TEST_SUITE_P(, Fixture, testing::ValuesIn(::quire::kernels::list_devices()), \
                           ::quire::kernels::device_test_name)
