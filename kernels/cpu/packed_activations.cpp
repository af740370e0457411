#include "kernels/cpu/packed_activations.h"

#include <algorithm>

#include "kernels/invariant.h"

namespace quire::kernels::cpu {

namespace {

/// Activations of one thread's share, below which waking it costs more than it saves: a few
/// microseconds of one core.
constexpr std::int64_t kActivationsPerThread = 32768;

/// Calls convert_rows(first, rows) for all rows, in shares that begin at multiples of `unit`.
template <class ConvertRows>
void split_rows(Workers& workers, std::int32_t rows, std::int32_t unit, std::int32_t depth,
                const ConvertRows& convert_rows) {
  const std::int64_t units = (rows + unit - 1) / unit;
  const std::int64_t grain = std::max<std::int64_t>(1, kActivationsPerThread / depth / unit);
  workers.split(units, grain, [&](std::int64_t begin, std::int64_t end) {
    const auto first = static_cast<std::int32_t>(begin) * unit;
    const std::int32_t last = std::min(static_cast<std::int32_t>(end) * unit, rows);
    convert_rows(static_cast<std::size_t>(first), last - first);
  });
}

void quantize(const LinearKernels& kernels, Workers& workers, const PackedView& view,
              LinearScratch& scratch, Activations& activations) {
  const std::size_t index = group_index(view.group);
  if (activations.codes[index] != nullptr) return;
  const auto rows = static_cast<std::size_t>(activations.rows);
  const auto cols = static_cast<std::size_t>(view.cols);
  const std::size_t groups = cols / static_cast<std::size_t>(view.group);
  QuantizedRows& to = scratch.quantized[index];
  auto* codes = static_cast<std::int8_t*>(to.codes.reserve(rows * cols));
  auto* scales = static_cast<GroupScale*>(to.scales.reserve(rows * groups * sizeof(GroupScale)));
  split_rows(workers, activations.rows, 1, view.cols, [&](std::size_t first, std::int32_t count) {
    kernels.quantize_rows({.x = activations.x.first + first * activations.x.stride,
                           .x_stride = activations.x.stride,
                           .rows = count,
                           .depth = view.cols,
                           .group = view.group,
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
  split_rows(workers, activations.rows, 1, depth, [&](std::size_t first, std::int32_t count) {
    kernels.round_rows({.x = activations.x.first + first * activations.x.stride,
                        .x_stride = activations.x.stride,
                        .rows = count,
                        .depth = depth,
                        .rounded = rounded + first * stride,
                        .stride = stride});
  });
  activations.rounded = rounded;
}

void pair(const LinearKernels& kernels, Workers& workers, std::int32_t depth,
          ScratchBytes& scratch, Activations& activations) {
  if (activations.pairs != nullptr) return;
  const auto cols = static_cast<std::size_t>(depth);
  auto* pairs = static_cast<std::uint16_t*>(scratch.reserve(
      static_cast<std::size_t>(activations.rows) * cols * sizeof(std::uint16_t)));
  split_rows(workers, activations.rows, kPairTileRows, depth,
             [&](std::size_t first, std::int32_t count) {
               kernels.pair_rows({.x = activations.x.first + first * activations.x.stride,
                                  .x_stride = activations.x.stride,
                                  .rows = count,
                                  .depth = depth,
                                  .pairs = pairs + first * cols});
             });
  activations.pairs = pairs;
}

}  // namespace

ActivationForm form_for(const LinearKernels& kernels, const PackedView& view) {
  if (view.bits != 0) {
    return view.order == CodeOrder::words ? ActivationForm::pairs : ActivationForm::codes;
  }
  const bool products = view.element == Element::bf16 && kernels.bf16_panel != nullptr;
  return products ? ActivationForm::rounded : ActivationForm::f32;
}

std::size_t group_index(std::int32_t group) {
  for (std::size_t i = 0; i < std::size(kGroups); ++i) {
    if (kGroups[i] == group) return i;
  }
  INVARIANT(false, "a packed group width is a known one");
}

std::size_t bf16_stride(std::int32_t depth) {
  const auto lines = static_cast<std::size_t>((depth + kBf16Line - 1) / kBf16Line);
  return (lines | 1) * kBf16Line;
}

void convert(const LinearKernels& kernels, Workers& workers, const PackedView& view,
             LinearScratch& scratch, Activations& activations) {
  switch (form_for(kernels, view)) {
    case ActivationForm::f32:
      return;
    case ActivationForm::codes:
      return quantize(kernels, workers, view, scratch, activations);
    case ActivationForm::rounded:
      return round(kernels, workers, view.cols, scratch.rounded, activations);
    case ActivationForm::pairs:
      return pair(kernels, workers, view.cols, scratch.pairs, activations);
  }
}

}  // namespace quire::kernels::cpu
