// CpuBackend::linear: brings the activations into the forms that the terms' weights want, each once
// per call, then splits the panels of all terms over the workers by bytes, because bytes are what a
// step waits for.
#include <algorithm>
#include <array>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/packed_scratch.h"
#include "kernels/cpu/packed_weight.h"
#include "kernels/invariant.h"

namespace quire::kernels::cpu {

namespace {

/// Bytes of weights times rows below which waking another thread costs more than it saves: a few
/// microseconds of one core.
constexpr std::size_t kBytesPerThread = std::size_t{64} << 10;
/// Activations of one thread's share, for the same reason.
constexpr std::int64_t kActivationsPerThread = 32768;

/// The sums of two parts lie a multiple of a page apart, so that threads write neither the same line
/// nor the pairs of lines that caches fetch together.
constexpr std::size_t kSumsApart = 4096 / sizeof(float);

std::size_t group_index(std::int32_t group) {
  for (std::size_t i = 0; i < std::size(kGroups); ++i) {
    if (kGroups[i] == group) return i;
  }
  INVARIANT(false, "a packed group width is a known one");
}

/// Elements from one rounded row to the next: an odd number of cache lines, so that the rows of a
/// tile fall into different sets of the L1 cache.
std::size_t bf16_stride(std::int32_t depth) {
  const auto lines = static_cast<std::size_t>((depth + kBf16Line - 1) / kBf16Line);
  return (lines | 1) * kBf16Line;
}

/// Whether a weight meets activations rounded to bf16 on this level.
bool wants_bf16(const LinearKernels& kernels, const PackedView& view) {
  return view.bits == 0 && view.element == Element::bf16 && kernels.bf16_panel != nullptr;
}

/// x [rows, K] and what it becomes: int8 by index in kGroups, bf16; null where no term wants it.
struct Activations {
  ConstRows x;
  std::int32_t rows;
  std::array<const std::int8_t*, std::size(kGroups)> codes{};
  std::array<const GroupScale*, std::size(kGroups)> scales{};
  const std::uint16_t* rounded = nullptr;  // rows are bf16_stride(K) apart
};

/// The rows of a thread's share when activations are converted.
std::int64_t conversion_grain(std::int32_t depth) {
  return std::max<std::int64_t>(1, kActivationsPerThread / depth);
}

void quantize(const LinearKernels& kernels, Workers& workers, std::int32_t depth,
              std::int32_t group, QuantizedRows& scratch, Activations& activations) {
  const std::size_t index = group_index(group);
  if (activations.codes[index] != nullptr) return;
  const auto rows = static_cast<std::size_t>(activations.rows);
  const auto cols = static_cast<std::size_t>(depth);
  const std::size_t groups = cols / static_cast<std::size_t>(group);
  auto* codes = static_cast<std::int8_t*>(scratch.codes.reserve(rows * cols));
  auto* scales =
      static_cast<GroupScale*>(scratch.scales.reserve(rows * groups * sizeof(GroupScale)));
  const std::int64_t grain = conversion_grain(depth);
  workers.split(activations.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    const auto first = static_cast<std::size_t>(begin);
    kernels.quantize_rows({.x = activations.x.first + first * activations.x.stride,
                           .x_stride = activations.x.stride,
                           .rows = static_cast<std::int32_t>(end - begin),
                           .depth = depth,
                           .group = group,
                           .codes = codes + first * cols,
                           .scales = scales + first * groups});
  });
  activations.codes[index] = codes;
  activations.scales[index] = scales;
}

void round(const LinearKernels& kernels, Workers& workers, std::int32_t depth,
           ScratchBytes& scratch, Activations& activations) {
  if (activations.rounded != nullptr) return;
  const std::size_t stride = bf16_stride(depth);
  auto* rounded = static_cast<std::uint16_t*>(scratch.reserve(
      static_cast<std::size_t>(activations.rows) * stride * sizeof(std::uint16_t)));
  const std::int64_t grain = conversion_grain(depth);
  workers.split(activations.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    const auto first = static_cast<std::size_t>(begin);
    kernels.round_rows({.x = activations.x.first + first * activations.x.stride,
                        .x_stride = activations.x.stride,
                        .rows = static_cast<std::int32_t>(end - begin),
                        .depth = depth,
                        .rounded = rounded + first * stride,
                        .stride = stride});
  });
  activations.rounded = rounded;
}

/// Brings x into the form that the weight wants, unless an earlier term wanted the same.
void convert(const LinearKernels& kernels, Workers& workers, const PackedView& view,
             LinearScratch& scratch, Activations& activations) {
  if (view.bits != 0) {
    quantize(kernels, workers, view.cols, view.group, scratch.quantized[group_index(view.group)],
             activations);
  } else if (wants_bf16(kernels, view)) {
    round(kernels, workers, view.cols, scratch.rounded, activations);
  }
}

/// Rows [first, first + rows) of out from their sums, bias added; `column` is the panel's first.
void write_rows(const LinearTerm& term, std::int32_t column, std::int32_t first, std::int32_t rows,
                const float* sums) {
  const Rows out = rows_of(term.out);
  const float* bias = vector_of(term.bias, term.out.cols);
  const auto columns = static_cast<std::size_t>(std::min(kPanelColumns, term.out.cols - column));
  for (std::int32_t r = 0; r < rows; ++r, sums += kPanelColumns) {
    float* to = out.first + static_cast<std::size_t>(first + r) * out.stride + column;
    if (bias == nullptr) {
      std::copy_n(sums, columns, to);
    } else {
      for (std::size_t c = 0; c < columns; ++c)
        to[c] = sums[c] + bias[column + static_cast<std::ptrdiff_t>(c)];
    }
  }
}

/// One panel of one term for all rows: the panel is read from memory once per kMaxLinearRows rows.
void apply_panel(const LinearKernels& kernels, const Activations& activations,
                 const LinearTerm& term, std::int32_t index, float* sums) {
  const PackedView& view = view_of(*term.weight);
  const std::byte* panel = view.panels + static_cast<std::size_t>(index) * view.panel_bytes;
  const auto depth = static_cast<std::size_t>(view.cols);
  for (std::int32_t first = 0; first < activations.rows; first += kMaxLinearRows) {
    const std::int32_t rows = std::min(kMaxLinearRows, activations.rows - first);
    const auto row = static_cast<std::size_t>(first);
    if (wants_bf16(kernels, view)) {
      const std::size_t stride = bf16_stride(view.cols);
      kernels.bf16_panel({.panel = panel,
                          .depth = view.cols,
                          .x = activations.rounded + row * stride,
                          .x_stride = stride,
                          .rows = rows,
                          .sums = sums});
    } else if (view.bits == 0) {
      kernels.dense_panel({.panel = panel,
                           .element = view.element,
                           .depth = view.cols,
                           .x = activations.x.first + row * activations.x.stride,
                           .x_stride = activations.x.stride,
                           .rows = rows,
                           .sums = sums});
    } else {
      const std::size_t g = group_index(view.group);
      const std::size_t groups = depth / static_cast<std::size_t>(view.group);
      kernels.affine_panel({.panel = panel,
                            .element = view.element,
                            .bits = view.bits,
                            .group = view.group,
                            .depth = view.cols,
                            .codes = activations.codes[g] + row * depth,
                            .scales = activations.scales[g] + row * groups,
                            .rows = rows,
                            .sums = sums});
    }
    write_rows(term, index * kPanelColumns, first, rows, sums);
  }
}

/// The panels of all terms as one range of bytes; part p owns the panels that begin in its share.
struct Share {
  std::size_t begin;
  std::size_t end;
};

void apply_share(const LinearKernels& kernels, const Activations& activations,
                 std::span<const LinearTerm> terms, Share share, float* sums) {
  std::size_t base = 0;
  for (const LinearTerm& term : terms) {
    const PackedView& view = view_of(*term.weight);
    const auto panels = static_cast<std::size_t>(panels_of(view.rows));
    const auto panel_at = [&](std::size_t offset) {  // the first panel at or after the offset
      if (offset <= base) return std::size_t{0};
      return std::min(panels, (offset - base + view.panel_bytes - 1) / view.panel_bytes);
    };
    for (std::size_t p = panel_at(share.begin); p < panel_at(share.end); ++p) {
      apply_panel(kernels, activations, term, static_cast<std::int32_t>(p), sums);
    }
    base += panels * view.panel_bytes;
  }
}

void check(const Matrix& x, std::span<const LinearTerm> terms) {
  for (const LinearTerm& term : terms) {
    INVARIANT(term.weight != nullptr, "a linear term has a weight");
    INVARIANT(term.weight->cols() == x.cols, "a weight takes rows as wide as x");
    INVARIANT(term.out.cols == term.weight->rows(), "a linear term writes every output");
    INVARIANT(term.out.rows == x.rows, "a linear term writes every row");
    (void)rows_of(term.out);
    (void)vector_of(term.bias, term.out.cols);
  }
}

}  // namespace

void CpuBackend::linear(Matrix x, std::span<const LinearTerm> terms) {
  check(x, terms);
  if (x.rows == 0 || terms.empty()) return;
  Activations activations{.x = const_rows_of(x), .rows = x.rows};
  std::size_t bytes = 0;
  std::int32_t panels = 0;
  for (const LinearTerm& term : terms) {
    const PackedView& view = view_of(*term.weight);
    bytes += static_cast<std::size_t>(panels_of(view.rows)) * view.panel_bytes;
    panels += panels_of(view.rows);
    convert(kernels_.linear, workers_, view, linear_scratch_, activations);
  }
  const std::size_t worth = bytes * static_cast<std::size_t>(x.rows) / kBytesPerThread + 1;
  const auto parts = static_cast<std::int32_t>(std::min(
      {worth, static_cast<std::size_t>(workers_.threads()), static_cast<std::size_t>(panels)}));
  const auto height = static_cast<std::size_t>(std::min(x.rows, kMaxLinearRows));
  const std::size_t sums_floats =
      (height * kPanelColumns + kSumsApart - 1) / kSumsApart * kSumsApart;
  auto* sums = static_cast<float*>(
      linear_scratch_.sums.reserve(static_cast<std::size_t>(parts) * sums_floats * sizeof(float)));
  workers_.for_parts(parts, [&](std::int64_t part) {
    const auto p = static_cast<std::size_t>(part);
    const auto count = static_cast<std::size_t>(parts);
    apply_share(kernels_.linear, activations, terms,
                {.begin = bytes * p / count, .end = bytes * (p + 1) / count},
                sums + p * sums_floats);
  });
}

}  // namespace quire::kernels::cpu
