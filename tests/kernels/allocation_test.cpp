// Once the largest batch has been seen, a step of the CPU backend allocates nothing. (An OpenCL driver
// allocates for every command.)
#include <gtest/gtest.h>

#include "tests/kernels/backend_fixture.h"
#include "tests/support/allocation_count.h"

namespace quire::kernels {
namespace {

using testing_support::allocation_count;

constexpr std::int32_t kHeads = 4, kKvHeads = 2, kDim = 64, kWidth = kHeads * kDim;
constexpr std::int32_t kKvWidth = kKvHeads * kDim;

/// One attention block of a model, with everything allocated at construction.
class Layer {
 public:
  Layer(Backend& backend, std::int32_t rows, DType kv)
      : backend_(backend),
        ids_(static_cast<std::size_t>(rows), 3),
        cache_(backend.make_kv_cache({1, 64, kKvHeads, kDim, kv})),
        x_(make_output(backend, rows, kWidth)),
        normed_(make_output(backend, rows, kWidth)),
        q_(make_output(backend, rows, kWidth)),
        k_(make_output(backend, rows, kKvWidth)),
        v_(make_output(backend, rows, kKvWidth)),
        angles_(make_output(backend, rows, kDim)),
        gain_(make_vector(backend, Values(kWidth, 1.0F))),
        elements_(random_values(std::size_t{kWidth} * kWidth, 1)) {
    const auto weight = [&](std::int32_t n) {
      const auto* elements = reinterpret_cast<const std::byte*>(elements_.data());
      return backend.prepare_weight(
          {.rows = n, .cols = kWidth, .dense = DenseSource{DType::f32, elements}, .affine = {}});
    };
    wide_ = weight(kWidth);
    narrow_ = weight(kKvWidth);
    for (std::int32_t i = 0; i < 64; ++i) blocks_.push_back(BlockId{i});
  }

  void step(std::int32_t rows, std::int32_t position) {
    const SequenceRows sequences[] = {{0, rows, position, blocks_}};
    backend_.begin_step({rows, sequences});
    const Matrix x = x_.view.top(rows), normed = normed_.view.top(rows), q = q_.view.top(rows),
                 k = k_.view.top(rows), v = v_.view.top(rows), angles = angles_.view.top(rows);
    backend_.embed(*wide_, std::span(ids_).first(static_cast<std::size_t>(rows)), x);
    backend_.rope_angles(frequencies_, angles);
    backend_.rms_norm({.residual = x, .gain = gain_.get(), .out = normed});
    const LinearTerm terms[] = {
        {wide_.get(), nullptr, q}, {narrow_.get(), nullptr, k}, {narrow_.get(), nullptr, v}};
    backend_.linear(normed, terms);
    backend_.rope_store(
        {.q = q, .k = k, .v = v, .angles = angles, .head_dim = kDim, .cache = cache_.get()});
    backend_.attention({.q = q, .cache = cache_.get(), .out = normed});
    backend_.gated_activation({.gate = normed, .up = x, .out = x});
    backend_.gather_rows(x, std::span(kLast), normed.top(1));
  }

 private:
  static constexpr std::int32_t kLast[] = {0};

  Backend& backend_;
  std::vector<std::int32_t> ids_;
  std::vector<BlockId> blocks_;
  std::unique_ptr<KvCache> cache_;
  OwnedMatrix x_, normed_, q_, k_, v_, angles_;
  std::unique_ptr<Buffer> gain_;
  Values elements_;
  std::unique_ptr<Weight> wide_, narrow_;
  RopeFrequencies frequencies_ = make_rope_frequencies({.rotary_dim = kDim});
};

class Allocations : public BackendTest {};
QUIRE_ON_EVERY_ISA(Allocations);

TEST_P(Allocations, HappenForTheLargestBatchOnly) {
  for (const DType kv : {DType::bf16, DType::int8}) {
    const auto on = make_backend();
    Layer layer(*on, 300, kv);
    layer.step(300, 0);
    const std::int64_t before = allocation_count();
    EXPECT_GT(before, 0) << "the counter sees what the first step allocates";
    for (std::int32_t i = 0; i < 20; ++i) layer.step(1, 300 + i);
    layer.step(300, 320);
    EXPECT_EQ(allocation_count(), before) << name_of(kv);
  }
}

}  // namespace
}  // namespace quire::kernels
