#include "kernels/cpu/packed_panels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/cpu/packed_codes.h"
#include "kernels/invariant.h"

namespace quire::kernels::cpu {

namespace {

constexpr std::size_t kColumns = kPanelColumns;

constexpr std::size_t size_of(Element element) noexcept {
  return element == Element::f32 ? 4 : 2;
}

std::size_t round_to_vector(std::size_t bytes) noexcept {
  return (bytes + kVectorBytes - 1) / kVectorBytes * kVectorBytes;
}

/// Offset of element (k, column) in a dense panel.
std::size_t dense_offset(Element element, std::size_t k, std::size_t column) noexcept {
  if (element == Element::bf16) return ((k / 2 * kColumns + column) * 2 + k % 2) * 2;
  return (k * kColumns + column) * size_of(element);
}

float load_float(const std::byte* from, Element element) noexcept {
  if (element == Element::f32) {
    float value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, from, sizeof bits);
  return element == Element::bf16 ? f32_from_bf16(bits) : f32_from_f16(bits);
}

void pack_dense_panel(const WeightSource& source, std::int32_t first, std::int32_t columns,
                      std::byte* to) {
  constexpr std::size_t kDepth = 64;  // keeps the 32 source lines of a block in L1
  const Element element = element_of(source.dense->dtype);
  const std::size_t size = size_of(element);
  const auto cols = static_cast<std::size_t>(source.cols);
  std::memset(to, 0, panel_bytes(source));
  for (std::size_t begin = 0; begin < cols; begin += kDepth) {
    const std::size_t end = std::min(begin + kDepth, cols);
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) {
      const std::byte* row =
          source.dense->elements + (static_cast<std::size_t>(first) + c) * cols * size;
      for (std::size_t k = begin; k < end; ++k) {
        std::memcpy(to + dense_offset(element, k, c), row + k * size, size);
      }
    }
  }
}

/// Scales or biases of one group: [rows, groups] of the source to [32] of the panel.
void pack_group_values(const WeightSource& source, const std::byte* values, std::size_t first,
                       std::size_t columns, std::size_t group, std::byte* to) {
  const std::size_t size = size_of(element_of(source.affine->scale_dtype));
  const auto groups = static_cast<std::size_t>(source.cols / source.affine->group);
  std::memset(to, 0, kColumns * size);
  for (std::size_t c = 0; c < columns; ++c) {
    std::memcpy(to + c * size, values + ((first + c) * groups + group) * size, size);
  }
}

/// The first column of a panel, and how many there are.
struct Columns {
  std::int32_t first;
  std::int32_t count;
};

void pack_affine_panel(const WeightSource& source, CodeOrder order, Columns columns,
                       std::byte* to) {
  const AffineSource& affine = *source.affine;
  const auto first = static_cast<std::size_t>(columns.first);
  const auto bits = static_cast<std::size_t>(affine.bits);
  const std::size_t row_bytes = static_cast<std::size_t>(source.cols) * bits / 8;
  const std::size_t unit_bytes = kUnitDepth * bits / 8;
  const std::size_t value_bytes = kColumns * size_of(element_of(affine.scale_dtype));
  std::array<std::uint8_t, kTileColumns * kUnitDepth> codes{};
  for (std::int32_t k = 0; k < source.cols; k += kUnitDepth) {
    if (k % affine.group == 0) {
      const auto group = static_cast<std::size_t>(k / affine.group);
      const auto count = static_cast<std::size_t>(columns.count);
      pack_group_values(source, affine.scales, first, count, group, to);
      pack_group_values(source, affine.biases, first, count, group, to + value_bytes);
      to += 2 * value_bytes;
    }
    const std::size_t stream_offset = static_cast<std::size_t>(k / kUnitDepth) * unit_bytes;
    for (std::int32_t tile = 0; tile < kPanelColumns; tile += kTileColumns) {
      codes.fill(0);
      for (std::int32_t c = tile; c < std::min(tile + kTileColumns, columns.count); ++c) {
        const std::byte* row = affine.codes + (first + static_cast<std::size_t>(c)) * row_bytes;
        unpack_stream(row + stream_offset, affine.bits, kUnitDepth,
                      codes.data() + (c - tile) * kUnitDepth);
      }
      const auto pack = order == CodeOrder::words ? pack_word_tile : pack_tile;
      pack(codes.data(), affine.bits, to);
      to += bits * kVectorBytes;
    }
  }
}

void unpack_dense_row(const PackedView& weight, const std::byte* panel, std::size_t column,
                      float* out) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(weight.cols); ++k) {
    out[k] = load_float(panel + dense_offset(weight.element, k, column), weight.element);
  }
}

void unpack_affine_row(const PackedView& weight, const std::byte* panel, std::size_t column,
                       float* out) {
  const std::size_t value_bytes = kColumns * size_of(weight.element);
  const std::size_t tile_bytes = static_cast<std::size_t>(weight.bits) * kVectorBytes;
  const std::size_t tile = column / kTileColumns;
  const auto unpack =
      weight.order == CodeOrder::words ? unpack_word_tile_column : unpack_tile_column;
  std::array<std::uint8_t, kUnitDepth> codes{};
  for (std::int32_t begin = 0; begin < weight.cols; begin += weight.group) {
    const std::size_t at = column * size_of(weight.element);
    const auto scale = static_cast<double>(load_float(panel + at, weight.element));
    const auto bias = static_cast<double>(load_float(panel + value_bytes + at, weight.element));
    panel += 2 * value_bytes;
    for (std::int32_t k = begin; k < begin + weight.group; k += kUnitDepth) {
      unpack(panel + tile * tile_bytes, weight.bits,
             static_cast<std::int32_t>(column % kTileColumns), codes.data());
      for (std::int32_t i = 0; i < kUnitDepth; ++i) {
        out[k + i] = static_cast<float>(scale * codes[static_cast<std::size_t>(i)] + bias);
      }
      panel += 2 * tile_bytes;
    }
  }
}

}  // namespace

Element element_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32:
      return Element::f32;
    case DType::f16:
      return Element::f16;
    case DType::bf16:
      return Element::bf16;
    case DType::int8:
      break;  // for the KV cache only
  }
  INVARIANT(false, "a weight is f32, f16 or bf16");
}

std::size_t panel_bytes(const WeightSource& source) noexcept {
  const auto cols = static_cast<std::size_t>(source.cols);
  if (source.affine) {
    const auto group = static_cast<std::size_t>(source.affine->group);
    const std::size_t values = 2 * kColumns * size_of(element_of(source.affine->scale_dtype));
    const std::size_t codes = kColumns / 8 * static_cast<std::size_t>(source.affine->bits) * group;
    return cols / group * (values + codes);
  }
  const Element element = element_of(source.dense->dtype);
  const std::size_t depth = element == Element::bf16 ? (cols + 1) / 2 * 2 : cols;
  return round_to_vector(depth * kColumns * size_of(element));
}

void pack_panel(const WeightSource& source, CodeOrder order, std::int32_t panel, std::byte* to) {
  const std::int32_t first = panel * kPanelColumns;
  const std::int32_t columns = std::min(kPanelColumns, source.rows - first);
  if (source.affine) {
    pack_affine_panel(source, order, {.first = first, .count = columns}, to);
  } else {
    pack_dense_panel(source, first, columns, to);
  }
}

void unpack_row(const PackedView& weight, std::int32_t row, float* out) {
  const std::byte* panel =
      weight.panels + static_cast<std::size_t>(row / kPanelColumns) * weight.panel_bytes;
  const auto column = static_cast<std::size_t>(row % kPanelColumns);
  if (weight.bits == 0) {
    unpack_dense_row(weight, panel, column, out);
  } else {
    unpack_affine_row(weight, panel, column, out);
  }
}

}  // namespace quire::kernels::cpu
