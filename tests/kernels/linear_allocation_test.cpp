// linear allocates nothing once it has seen its largest call.
#include <gtest/gtest.h>

#include "tests/kernels/backend_fixture.h"
#include "tests/kernels/weight_samples.h"
#include "tests/support/allocation_count.h"

namespace quire::kernels {
namespace {

using testing_support::allocation_count;

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
  const std::int64_t before = allocation_count();
  apply(40);
  EXPECT_GT(allocation_count(), before) << "the counter sees what the first call allocates";
  const std::int64_t warm = allocation_count();
  for (const std::int32_t rows : {40, 1, 17, 40, 2}) apply(rows);
  EXPECT_EQ(allocation_count(), warm);
}

QUIRE_ON_EVERY_ISA(LinearAllocationTest);

}  // namespace
}  // namespace quire::kernels
