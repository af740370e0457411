#include "kernels/opencl/cl_weight.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "kernels/devices.h"
#include "kernels/op_checks.h"
#include "kernels/opencl/packed_words.h"

namespace quire::kernels::opencl {
namespace {

constexpr std::size_t kColumns = kPanelColumns;
// Packed on the host at a time; large enough that a transfer runs at the bus's speed.
constexpr std::size_t kStagingBytes = std::size_t{16} << 20;

PackedFormat format_of(const WeightSource& source) {
  check_weight(source);
  if (source.dense) return {.bits = 0, .group = 0, .type = source.dense->dtype};
  const AffineSource& affine = *source.affine;
  return {.bits = affine.bits, .group = affine.group, .type = affine.scale_dtype};
}

/// Words of one panel of 32 columns.
std::size_t panel_words(const PackedFormat& format, std::size_t cols) {
  if (format.bits == 0) return (format.type == DType::f32 ? cols : (cols + 1) / 2) * kColumns;
  const std::size_t values = 2 * kColumns * size_of(format.type) / sizeof(std::uint32_t);
  const auto group = static_cast<std::size_t>(format.group);
  return cols / group * (values + group * static_cast<std::size_t>(format.bits));
}

std::size_t panels_of(const WeightSource& source) {
  return (static_cast<std::size_t>(source.rows) + kColumns - 1) / kColumns;
}

/// Dense panel: k downwards, columns rightwards; two 16-bit neighbours in k share a word.
void pack_dense(const WeightSource& source, std::size_t panel, std::byte* to) {
  const std::size_t size = size_of(source.dense->dtype);
  const auto cols = static_cast<std::size_t>(source.cols);
  const std::size_t first = panel * kColumns;
  const std::size_t columns = std::min(kColumns, static_cast<std::size_t>(source.rows) - first);
  for (std::size_t c = 0; c < columns; ++c) {
    const std::byte* from = source.dense->elements + (first + c) * cols * size;
    for (std::size_t k = 0; k < cols; ++k) {
      const std::size_t at =
          size == 4 ? (k * kColumns + c) * 4 : ((k / 2 * kColumns + c) * 2 + k % 2) * 2;
      std::memcpy(to + at, from + k * size, size);
    }
  }
}

/// Affine panel: per group 32 scales, 32 biases, then units of 32 k; README.md has the picture.
void pack_affine(const WeightSource& source, std::size_t panel, std::byte* to) {
  const AffineSource& affine = *source.affine;
  const auto bits = static_cast<std::size_t>(affine.bits);
  const auto group = static_cast<std::size_t>(affine.group);
  const auto cols = static_cast<std::size_t>(source.cols);
  const std::size_t groups = cols / group, size = size_of(affine.scale_dtype);
  const std::size_t block_bytes = kColumns * (2 * size + group * bits / 8);
  const std::size_t first = panel * kColumns;
  const std::size_t columns = std::min(kColumns, static_cast<std::size_t>(source.rows) - first);
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t row = first + c;
    for (std::size_t g = 0; g < groups; ++g) {
      std::byte* block = to + g * block_bytes;
      const std::size_t at = (row * groups + g) * size;
      std::memcpy(block + c * size, affine.scales + at, size);
      std::memcpy(block + (kColumns + c) * size, affine.biases + at, size);
      auto* words = reinterpret_cast<std::uint32_t*>(block + 2 * kColumns * size) + c;
      const std::byte* codes = affine.codes + row * (cols * bits / 8) + g * group * bits / 8;
      for (std::size_t k = 0; k < group; k += kUnitDepth) {
        pack_unit(codes + k * bits / 8, affine.bits, words, kColumns);
        words += bits * kColumns;
      }
    }
  }
}

ClMemory make_memory(ClContext& context, const WeightSource& source, std::size_t bytes) {
  const ClDevice& device = context.device();
  if (bytes > device.largest_allocation) {
    throw DeviceError("a weight of " + std::to_string(source.rows) + " x " +
                      std::to_string(source.cols) + " takes " + std::to_string(bytes) +
                      " bytes, and " + device.name + " allocates at most " +
                      std::to_string(device.largest_allocation) + " at once");
  }
  return context.allocate(bytes, "a weight");
}

}  // namespace

ClWeight::ClWeight(ClContext& context, const WeightSource& source)
    : rows_(source.rows), cols_(source.cols), format_(format_of(source)) {
  const std::size_t words = panel_words(format_, static_cast<std::size_t>(cols_));
  const std::size_t bytes = words * sizeof(std::uint32_t);
  const std::size_t panels = panels_of(source);
  memory_ = make_memory(context, source, panels * bytes);
  const std::size_t at_once = std::clamp<std::size_t>(kStagingBytes / bytes, 1, panels);
  std::vector<std::uint32_t> staging(at_once * words);
  for (std::size_t first = 0; first < panels; first += at_once) {
    const std::size_t count = std::min(at_once, panels - first);
    std::fill(staging.begin(), staging.end(), 0U);
    for (std::size_t p = 0; p < count; ++p) {
      auto* to = reinterpret_cast<std::byte*>(staging.data() + p * words);
      if (source.affine) {
        pack_affine(source, first + p, to);
      } else {
        pack_dense(source, first + p, to);
      }
    }
    context.write(memory_.get(), first * bytes, count * bytes, staging.data());
  }
}

const ClWeight& cl_weight(const Weight& weight) {
  return static_cast<const ClWeight&>(weight);
}

}  // namespace quire::kernels::opencl
