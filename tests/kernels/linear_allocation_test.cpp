// linear allocates nothing once it has seen its largest call. This file replaces the operators new
// and delete of its binary to count.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"

namespace {

std::atomic<std::int64_t> allocations{0};

void* count_and_allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

// Not inlined: GCC 12 would take a library's new paired with this free for a mismatch.
#define QUIRE_COUNTED __attribute__((noinline))
QUIRE_COUNTED void* operator new(std::size_t bytes) {
  return count_and_allocate(bytes, 16);
}
QUIRE_COUNTED void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return count_and_allocate(bytes, static_cast<std::size_t>(alignment));
}
QUIRE_COUNTED void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return count_and_allocate(bytes, 16);
}
QUIRE_COUNTED void* operator new(std::size_t bytes, std::align_val_t alignment,
                                 const std::nothrow_t&) noexcept {
  return count_and_allocate(bytes, static_cast<std::size_t>(alignment));
}
QUIRE_COUNTED void operator delete(void* memory) noexcept {
  std::free(memory);
}
QUIRE_COUNTED void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
QUIRE_COUNTED void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
QUIRE_COUNTED void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace quire::kernels {
namespace {

class LinearAllocationTest : public BackendTest {};

TEST_P(LinearAllocationTest, SmallerCallsReuseTheScratchOfTheLargest) {
  constexpr std::int32_t kCols = 512;
  const auto narrow = backend->prepare_weight(
      WeightSample::affine({160, kCols}, {.bits = 4, .group = 32}, 1).source());
  const auto wide = backend->prepare_weight(
      WeightSample::affine({96, kCols}, {.bits = 8, .group = 128}, 2).source());
  const auto dense =
      backend->prepare_weight(WeightSample::dense({64, kCols}, DType::bf16, 3).source());
  const OwnedMatrix in =
      make_matrix(*backend, random_values(std::size_t{40} * kCols, 4), 40, kCols);
  const OwnedMatrix outs[] = {make_output(*backend, 40, 160), make_output(*backend, 40, 96),
                              make_output(*backend, 40, 64)};
  const auto apply = [&](std::int32_t rows) {
    const LinearTerm terms[] = {
        {.weight = narrow.get(), .bias = nullptr, .out = outs[0].view.top(rows)},
        {.weight = wide.get(), .bias = nullptr, .out = outs[1].view.top(rows)},
        {.weight = dense.get(), .bias = nullptr, .out = outs[2].view.top(rows)}};
    backend->linear(in.view.top(rows), terms);
  };
  const std::int64_t before = allocations;
  apply(40);
  EXPECT_GT(allocations, before) << "the counter sees what the first call allocates";
  const std::int64_t warm = allocations;
  for (const std::int32_t rows : {40, 1, 17, 40, 2}) apply(rows);
  EXPECT_EQ(allocations, warm);
}

QUIRE_ON_EVERY_DEVICE(LinearAllocationTest);

}  // namespace
}  // namespace quire::kernels
