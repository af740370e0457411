// The ops of the OpenCL backend that are one small kernel: shape checks and launches.
#include "kernels/invariant.h"
#include "kernels/opencl/cl_backend.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::size_t kColumns = 64;      // work-items of an element-wise group
constexpr std::size_t kNormLanes = 256;   // LANES of cl/rms_norm.cl
constexpr std::size_t kQuantizeLanes = 256;  // LANES of cl/quantize.cl

bool same_shape(const Matrix& a, const Matrix& b) {
  return a.rows == b.rows && a.cols == b.cols;
}

/// A work-item per element.
Grid elements_of(const Matrix& matrix) {
  return {.global = {whole_groups(static_cast<std::size_t>(matrix.cols), kColumns),
                     static_cast<std::size_t>(matrix.rows), 1},
          .local = {kColumns, 1, 1}};
}

}  // namespace

Grid chunks_of(const Matrix& x) {
  constexpr std::size_t kChunk = 4 * kQuantizeLanes;  // CHUNK of cl/quantize.cl
  const auto chunks = (static_cast<std::size_t>(x.cols) + kChunk - 1) / kChunk;
  return {.global = {chunks * kQuantizeLanes, static_cast<std::size_t>(x.rows), 1},
          .local = {kQuantizeLanes, 1, 1}};
}

void ClBackend::embed(const Weight& table, std::span<const std::int32_t> ids, Matrix out) {
  prepared_.reset();
  const ClWeight& weight = cl_weight(table);
  INVARIANT(out.rows == static_cast<std::int32_t>(ids.size()), "embed has an id for every row");
  INVARIANT(out.cols == weight.cols(), "embed writes whole rows of its table");
  for (const std::int32_t id : ids) INVARIANT(id >= 0 && id < weight.rows(), "an id is in the table");
  ids_.begin().assign(ids.begin(), ids.end());
  const cl_mem sent = ids_.send(context_);
  const PackedFormat& format = weight.format();
  context_.run(kernels_.embed.get(context_), elements_of(out), weight.memory(), sent,
               memory_of(out), view_of(out), static_cast<cl_uint>(format.bits),
               static_cast<cl_uint>(format.group), type_code(format.type));
}

void ClBackend::rms_norm(const RmsNormArgs& args) {
  INVARIANT(same_shape(args.out, args.residual), "rms_norm shapes agree");
  INVARIANT(args.delta == nullptr || same_shape(*args.delta, args.residual),
            "rms_norm adds a delta of the residual's shape");
  const cl_mem delta = args.delta == nullptr ? nullptr : memory_of(*args.delta);
  const View delta_view = args.delta == nullptr ? View{} : view_of(*args.delta);
  const auto rows = static_cast<std::size_t>(args.residual.rows);
  const Grid grid{.global = {rows * kNormLanes, 1, 1}, .local = {kNormLanes, 1, 1}};
  const auto run = [&](LazyKernel& kernel, const auto&... quantized) {
    context_.run(kernel.get(context_), grid, memory_of(args.residual), view_of(args.residual),
                 delta, delta_view, vector_of(args.gain, args.residual.cols), memory_of(args.out),
                 view_of(args.out), args.epsilon, quantized...);
  };
  prepared_.reset();
  const std::int32_t group = group_of(args.next, args.out);
  if (group == 0) return run(kernels_.rms_norm);
  const Quantized made = quantized_for(args.out, group);
  run(kernels_.rms_norm_quantize, static_cast<cl_uint>(group), made.codes, made.steps);
  prepared_ = {args.out, group, made};
}

void ClBackend::gated_activation(const GatedActivationArgs& args) {
  INVARIANT(same_shape(args.up, args.gate) && same_shape(args.out, args.gate),
            "gated_activation shapes agree");
  const auto run = [&](LazyKernel& kernel, const Grid& grid, const auto&... quantized) {
    context_.run(kernel.get(context_), grid, memory_of(args.gate), view_of(args.gate),
                 memory_of(args.up), view_of(args.up), memory_of(args.out), view_of(args.out),
                 static_cast<cl_uint>(args.kind), quantized...);
  };
  prepared_.reset();
  const std::int32_t group = group_of(args.next, args.out);
  if (group == 0) return run(kernels_.gate, elements_of(args.gate));
  const Quantized made = quantized_for(args.out, group);
  run(kernels_.gate_quantize, chunks_of(args.out), static_cast<cl_uint>(group), made.codes,
      made.steps);
  prepared_ = {args.out, group, made};
}

void ClBackend::gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) {
  prepared_.reset();
  INVARIANT(out.rows == static_cast<std::int32_t>(rows.size()) && out.cols == x.cols,
            "gather_rows shapes agree");
  for (const std::int32_t row : rows) INVARIANT(row >= 0 && row < x.rows, "a gathered row exists");
  gathered_.begin().assign(rows.begin(), rows.end());
  const cl_mem sent = gathered_.send(context_);
  context_.run(kernels_.gather_rows.get(context_), elements_of(out), memory_of(x), view_of(x),
               sent, memory_of(out), view_of(out));
}

}  // namespace quire::kernels::opencl
