// CpuBackend::linear: brings the activations into the forms that the terms' weights want, each once
// per call, then splits the panels of all terms over the workers by bytes, because bytes are what a
// step waits for.
#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/packed_activations.h"
#include "kernels/cpu/packed_scratch.h"
#include "kernels/cpu/packed_weight.h"
#include "kernels/invariant.h"

namespace quire::kernels::cpu {

namespace {

/// Bytes of weights times rows below which waking another thread costs more than it saves: a few
/// microseconds of one core.
constexpr std::size_t kBytesPerThread = std::size_t{64} << 10;

/// The sums of two parts lie a multiple of a page apart, so that threads write neither the same line
/// nor the pairs of lines that caches fetch together.
constexpr std::size_t kSumsApart = 4096 / sizeof(float);

/// Consecutive panels of a term.
struct Panels {
  std::int32_t first;
  std::int32_t count;
};

/// One thread's memory.
struct PartScratch {
  float* sums;
  std::byte* workspace;  // null where no kernel wants it
};

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

/// The sums of some panels of one term with `rows` rows from `first` on.
void sum_panels(const LinearKernels& kernels, const Activations& activations,
                const PackedView& view, Panels panels, std::int32_t first, std::int32_t rows,
                const PartScratch& scratch) {
  const std::byte* from = view.panels + static_cast<std::size_t>(panels.first) * view.panel_bytes;
  const auto row = static_cast<std::size_t>(first);
  const auto depth = static_cast<std::size_t>(view.cols);
  switch (form_for(kernels, view)) {
    case ActivationForm::f32:
      return kernels.dense_panel({.panel = from,
                                  .element = view.element,
                                  .depth = view.cols,
                                  .x = activations.x.first + row * activations.x.stride,
                                  .x_stride = activations.x.stride,
                                  .rows = rows,
                                  .sums = scratch.sums});
    case ActivationForm::rounded:
      return kernels.bf16_panel({.panel = from,
                                 .panel_bytes = view.panel_bytes,
                                 .panels = panels.count,
                                 .depth = view.cols,
                                 .x = activations.rounded + row * bf16_stride(view.cols),
                                 .x_stride = bf16_stride(view.cols),
                                 .rows = rows,
                                 .sums = scratch.sums});
    case ActivationForm::codes: {
      const std::size_t g = group_index(view.group);
      const std::size_t groups = depth / static_cast<std::size_t>(view.group);
      return kernels.affine_panel({.panel = from,
                                   .element = view.element,
                                   .bits = view.bits,
                                   .group = view.group,
                                   .depth = view.cols,
                                   .codes = activations.codes[g] + row * depth,
                                   .scales = activations.scales[g] + row * groups,
                                   .rows = rows,
                                   .sums = scratch.sums});
    }
    case ActivationForm::pairs:
      return kernels.affine_tiles({.panels = from,
                                   .panel_bytes = view.panel_bytes,
                                   .count = panels.count,
                                   .element = view.element,
                                   .bits = view.bits,
                                   .group = view.group,
                                   .depth = view.cols,
                                   .pairs = activations.pairs + row * depth,
                                   .rows = rows,
                                   .sums = scratch.sums,
                                   .workspace = scratch.workspace});
  }
}

/// Panels that one call of the term's kernel takes at most.
std::int32_t panels_per_call(const LinearKernels& kernels, const PackedView& view) {
  const ActivationForm form = form_for(kernels, view);
  const bool several = form == ActivationForm::rounded || form == ActivationForm::pairs;
  return several ? kernels.panels : 1;
}

/// Some panels of one term for all rows: read from memory once per kMaxLinearRows rows.
void apply_panels(const LinearKernels& kernels, const Activations& activations,
                  const LinearTerm& term, Panels panels, const PartScratch& scratch) {
  for (std::int32_t first = 0; first < activations.rows; first += kMaxLinearRows) {
    const std::int32_t rows = std::min(kMaxLinearRows, activations.rows - first);
    sum_panels(kernels, activations, view_of(*term.weight), panels, first, rows, scratch);
    for (std::int32_t p = 0; p < panels.count; ++p) {
      write_rows(term, (panels.first + p) * kPanelColumns, first, rows,
                 scratch.sums + static_cast<std::ptrdiff_t>(p) * rows * kPanelColumns);
    }
  }
}

/// The panels of all terms as one range of bytes; part p owns the panels that begin in its share.
struct Share {
  std::size_t begin;
  std::size_t end;
};

void apply_share(const LinearKernels& kernels, const Activations& activations,
                 std::span<const LinearTerm> terms, Share share, const PartScratch& scratch) {
  std::size_t base = 0;
  for (const LinearTerm& term : terms) {
    const PackedView& view = view_of(*term.weight);
    const auto panels = static_cast<std::size_t>(panels_of(view.rows));
    const auto panel_at = [&](std::size_t offset) {  // the first panel at or after the offset
      if (offset <= base) return std::size_t{0};
      return std::min(panels, (offset - base + view.panel_bytes - 1) / view.panel_bytes);
    };
    const auto end = static_cast<std::int32_t>(panel_at(share.end));
    const std::int32_t most = panels_per_call(kernels, view);
    for (auto p = static_cast<std::int32_t>(panel_at(share.begin)); p < end; p += most) {
      apply_panels(kernels, activations, term, {.first = p, .count = std::min(most, end - p)},
                   scratch);
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
  const auto count = static_cast<std::size_t>(parts);
  const std::size_t used_floats =
      height * kPanelColumns * static_cast<std::size_t>(kernels_.linear.panels);
  const std::size_t sums_floats = (used_floats + kSumsApart - 1) / kSumsApart * kSumsApart;
  auto* sums =
      static_cast<float*>(linear_scratch_.sums.reserve(count * sums_floats * sizeof(float)));
  std::byte* workspaces = nullptr;
  if (activations.pairs != nullptr) {
    workspaces =
        static_cast<std::byte*>(linear_scratch_.workspace.reserve(count * kTileWorkspaceBytes));
  }
  workers_.for_parts(parts, [&](std::int64_t part) {
    const auto p = static_cast<std::size_t>(part);
    PartScratch scratch{.sums = sums + p * sums_floats, .workspace = nullptr};
    if (workspaces != nullptr) scratch.workspace = workspaces + p * kTileWorkspaceBytes;
    apply_share(kernels_.linear, activations, terms,
                {.begin = bytes * p / count, .end = bytes * (p + 1) / count}, scratch);
  });
}

}  // namespace quire::kernels::cpu
