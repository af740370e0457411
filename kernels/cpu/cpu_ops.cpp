// Every op of the CPU backend but linear and embed (packed_*.cpp) and attention
// (cpu_attention.cpp): shape checks, argument structs, static split. What counts as too little work
// for a thread: about 10 us of it, as a wake-up costs half of that.
#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_buffer.h"

namespace quire::kernels::cpu {
namespace {

constexpr std::int64_t kFloatsPerThread = 16384;  // element-wise ops, one or two passes

/// Items worth a thread when one item has `floats` elements.
std::int64_t grain_of(std::int64_t floats) {
  return std::max<std::int64_t>(1, kFloatsPerThread / std::max<std::int64_t>(1, floats));
}

Gate gate_of(Activation kind) {
  switch (kind) {
    case Activation::silu:
      return Gate::silu;
    case Activation::gelu:
      return Gate::gelu;
    case Activation::gelu_tanh:
      return Gate::gelu_tanh;
  }
  INVARIANT(false, "an activation is one of its enumerators");
}

bool same_shape(const Matrix& a, const Matrix& b) {
  return a.rows == b.rows && a.cols == b.cols;
}

}  // namespace

std::unique_ptr<KvCache> CpuBackend::make_kv_cache(const KvCacheShape& shape) {
  return std::make_unique<KvArena>(shape);
}

void CpuBackend::begin_step(const BatchView& batch) {
  workers_.begin_step();
  batch_.bind(batch);
}

void CpuBackend::rms_norm(const RmsNormArgs& args) {
  const std::int32_t width = args.residual.cols;
  INVARIANT(same_shape(args.out, args.residual), "rms_norm shapes agree");
  INVARIANT(args.delta == nullptr || same_shape(*args.delta, args.residual),
            "rms_norm adds a delta of the residual's shape");
  const RmsNormRows rows = {
      .residual = rows_of(args.residual),
      .delta = args.delta != nullptr ? const_rows_of(*args.delta) : ConstRows{},
      .gain = vector_of(args.gain, width),
      .out = rows_of(args.out),
      .width = width,
      .epsilon = args.epsilon};
  workers_.split(args.residual.rows, grain_of(width), [&](std::int64_t begin, std::int64_t end) {
    kernels_.rms_norm(rows, begin, end);
  });
}

void CpuBackend::gated_activation(const GatedActivationArgs& args) {
  INVARIANT(same_shape(args.up, args.gate) && same_shape(args.out, args.gate),
            "gated_activation shapes agree");
  const std::int32_t width = args.gate.cols;
  const GateRows rows = {.kind = gate_of(args.kind),
                         .gate = const_rows_of(args.gate),
                         .up = const_rows_of(args.up),
                         .out = rows_of(args.out),
                         .width = width,
                         .chunks = (width + kGateChunk - 1) / kGateChunk};
  const std::int64_t items = std::int64_t{args.gate.rows} * rows.chunks;
  workers_.split(items, grain_of(4 * std::min(width, kGateChunk)),
                 [&](std::int64_t begin, std::int64_t end) { kernels_.gate(rows, begin, end); });
}

// Once per step for all layers, therefore plain code: the angle is an f32 product by definition
// (models were trained so), its cosine and sine come from the C library.
void CpuBackend::rope_angles(const RopeFrequencies& frequencies, Matrix out) {
  const std::size_t half = frequencies.inverse.size();
  INVARIANT(out.rows == batch_.rows() && static_cast<std::size_t>(out.cols) == 2 * half,
            "rope_angles shapes agree");
  const Rows rows = rows_of(out);
  const auto fill = [&](std::int64_t begin, std::int64_t end) {
    for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
      const auto position = static_cast<float>(batch_.positions()[r]);
      float* cosines = rows.first + r * rows.stride;
      for (std::size_t i = 0; i < half; ++i) {
        const float angle = position * frequencies.inverse[i];
        cosines[i] = std::cos(angle) * frequencies.magnitude;
        cosines[half + i] = std::sin(angle) * frequencies.magnitude;
      }
    }
  };
  workers_.split(out.rows, grain_of(16 * out.cols), fill);
}

void CpuBackend::rope_store(const RopeStoreArgs& args) {
  const auto& arena = static_cast<const KvArena&>(*args.cache);
  const KvCacheShape& shape = arena.shape();
  const std::int32_t dim = shape.head_dim;
  check_rope_store(args, shape, batch_.shape());
  const RopeStoreRows rows = {.q = rows_of(args.q),
                              .k = rows_of(args.k),
                              .v = const_rows_of(args.v),
                              .angles = const_rows_of(args.angles),
                              .q_gain = vector_of(args.q_gain, dim),
                              .k_gain = vector_of(args.k_gain, dim),
                              .norm_epsilon = args.norm_epsilon,
                              .heads = args.q.cols / dim,
                              .rotary_dim = args.angles.cols,
                              .positions = batch_.positions().data(),
                              .blocks = batch_.blocks().data(),
                              .cache = arena.layer(args.layer)};
  workers_.split(
      args.q.rows, grain_of(2 * (args.q.cols + args.k.cols)),
      [&](std::int64_t begin, std::int64_t end) { kernels_.rope_store(rows, begin, end); });
}

void CpuBackend::gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) {
  INVARIANT(out.rows == static_cast<std::int32_t>(rows.size()) && out.cols == x.cols,
            "gather_rows shapes agree");
  const ConstRows from = const_rows_of(x);
  const Rows to = rows_of(out);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INVARIANT(rows[i] >= 0 && rows[i] < x.rows, "a gathered row exists");
    std::copy_n(from.first + static_cast<std::size_t>(rows[i]) * from.stride, x.cols,
                to.first + i * to.stride);
  }
}

}  // namespace quire::kernels::cpu
