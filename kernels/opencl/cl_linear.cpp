// linear: activations quantised once per group width, then one launch per three terms of equal format.
#include <algorithm>

#include "kernels/invariant.h"
#include "kernels/opencl/cl_backend.h"
#include "kernels/opencl/packed_words.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::size_t kMostTerms = 3;

/// LinearShape of cl/linear_shape.cl.
struct LinearShape {
  cl_ulong out_offset[kMostTerms];
  cl_uint out_stride[kMostTerms];
  cl_uint columns[kMostTerms];
  cl_uint first_panel[kMostTerms];
  cl_uint rows, depth, group, type, unused;
};
static_assert(sizeof(LinearShape) == 80, "a shape has the layout of linear_shape.cl");

std::size_t group_index(std::int32_t group) {
  return group == 32 ? 0 : group == 64 ? 1 : 2;
}

std::size_t panels_of(std::int32_t columns) {
  return static_cast<std::size_t>((columns + kPanelColumns - 1) / kPanelColumns);
}

void check(const Matrix& x, std::span<const LinearTerm> terms) {
  for (const LinearTerm& term : terms) {
    INVARIANT(term.weight != nullptr, "a linear term has a weight");
    INVARIANT(term.weight->cols() == x.cols, "a weight takes rows as wide as x");
    INVARIANT(term.out.cols == term.weight->rows(), "a linear term writes every output");
    INVARIANT(term.out.rows == x.rows, "a linear term writes every row");
  }
}

/// How many terms from the first on share a launch.
std::size_t run_length(std::span<const LinearTerm> terms) {
  const PackedFormat& format = cl_weight(*terms.front().weight).format();
  std::size_t count = 1;
  while (count < std::min(terms.size(), kMostTerms) &&
         cl_weight(*terms[count].weight).format() == format) {
    ++count;
  }
  return count;
}

}  // namespace

void ClBackend::linear(Matrix x, std::span<const LinearTerm> terms) {
  check(x, terms);
  const std::optional<Prepared> prepared = std::exchange(prepared_, std::nullopt);
  if (x.rows == 0) return;
  std::array<Quantized, 3> quantized;
  if (prepared && prepared->x == x) quantized[group_index(prepared->group)] = prepared->quantized;
  while (!terms.empty()) {
    const std::size_t count = run_length(terms);
    const PackedFormat& format = cl_weight(*terms.front().weight).format();
    Quantized& own = quantized[group_index(format.group)];
    if (format.bits != 0 && own.codes == nullptr) own = quantize(x, format.group);
    run_linear(x, terms.first(count), own);
    terms = terms.subspan(count);
  }
}

std::int32_t ClBackend::group_of(const Weight* next, const Matrix& out) {
  if (next == nullptr) return 0;
  INVARIANT(next->cols() == out.cols, "the next weight takes rows as wide as an op's output");
  return cl_weight(*next).format().group;
}

ClBackend::Quantized ClBackend::quantized_for(const Matrix& x, std::int32_t group) {
  const auto rows = static_cast<std::size_t>(x.rows);
  const auto groups = static_cast<std::size_t>(x.cols / group);
  const std::size_t index = group_index(group);
  // Elements of linear_tile_shape.cl: a code as f32, or four codes in a word.
  const std::size_t elements = static_cast<std::size_t>(x.cols) / (kernels_.float_codes() ? 1 : 4);
  return {codes_[index].reserve(context_, rows * elements * sizeof(float)),
          {0, static_cast<cl_uint>(elements), static_cast<cl_uint>(elements)},
          steps_[index].reserve(context_, rows * groups * 2 * sizeof(float))};
}

ClBackend::Quantized ClBackend::quantize(const Matrix& x, std::int32_t group) {
  const Quantized made = quantized_for(x, group);
  context_.run(kernels_.quantize.get(context_), chunks_of(x), memory_of(x), view_of(x),
               static_cast<cl_uint>(group), made.codes, made.steps);
  return made;
}

void ClBackend::run_linear(const Matrix& x, std::span<const LinearTerm> terms,
                           const Quantized& quantized) {
  const PackedFormat& format = cl_weight(*terms.front().weight).format();
  LinearShape shape{};
  shape.rows = static_cast<cl_uint>(x.rows);
  shape.depth = static_cast<cl_uint>(x.cols);
  shape.group = static_cast<cl_uint>(format.group);
  shape.type = type_code(format.type);
  ClKernels::Linear& linear = kernels_.linear(format, x.rows);
  std::array<cl_mem, kMostTerms> weights{}, biases{}, outs{};
  std::size_t panels = 0;
  for (std::size_t t = 0; t < kMostTerms; ++t) {
    const LinearTerm& term = terms[std::min(t, terms.size() - 1)];
    const View out = view_of(term.out);
    weights[t] = cl_weight(*term.weight).memory();
    biases[t] = vector_of(term.bias, term.out.cols);
    outs[t] = memory_of(term.out);
    shape.out_offset[t] = out.offset;
    shape.out_stride[t] = out.stride;
    shape.columns[t] = out.cols;
    shape.first_panel[t] = static_cast<cl_uint>(panels);
    if (t < terms.size()) {
      const std::size_t own = panels_of(term.out.cols);
      panels += whole_groups(own, static_cast<std::size_t>(linear.panels));
    } else {
      shape.first_panel[t] = ~cl_uint{0};
    }
  }
  const auto tiles = static_cast<std::size_t>((x.rows + linear.rows - 1) / linear.rows);
  const std::size_t across = panels / static_cast<std::size_t>(linear.panels);
  const bool dense = format.bits == 0;
  context_.run(linear.kernel.get(context_),
               {.global = {tiles * linear.items[0], across * linear.items[1], 1},
                .local = linear.items},
               dense ? memory_of(x) : quantized.codes, dense ? view_of(x) : quantized.view,
               quantized.steps, weights[0], weights[1], weights[2], biases[0],
               biases[1], biases[2], outs[0], outs[1], outs[2], shape);
}

}  // namespace quire::kernels::opencl
