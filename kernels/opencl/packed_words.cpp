#include "kernels/opencl/packed_words.h"

#include <array>
#include <bit>
#include <cstring>

namespace quire::kernels::opencl {

static_assert(std::endian::native == std::endian::little, "streams and words are little-endian");

namespace {

constexpr std::int32_t kQuads = kUnitDepth / 4;

/// Byte i of quad q is code 4 q + i.
std::array<std::uint32_t, kQuads> quads_of(const std::byte* stream, std::int32_t bits) noexcept {
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::array<std::uint32_t, kQuads> quads{};
  for (std::size_t q = 0; q < kQuads; q += 2, stream += bits) {
    std::uint64_t word = 0;  // 8 codes are exactly `bits` bytes
    std::memcpy(&word, stream, static_cast<std::size_t>(bits));
    for (std::int32_t i = 0; i < 8; ++i) {
      const auto code = static_cast<std::uint32_t>((word >> (i * bits)) & mask);
      quads[q + static_cast<std::size_t>(i / 4)] |= code << (8 * (i % 4));
    }
  }
  return quads;
}

}  // namespace

void pack_unit(const std::byte* stream, std::int32_t bits, std::uint32_t* words,
               std::size_t stride) noexcept {
  const auto quads = quads_of(stream, bits);
  for (std::int32_t low = 0; low < bits;) {
    const std::int32_t left = bits - low;
    const std::int32_t width = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const std::uint32_t mask = 0x01010101U * ((1U << width) - 1U);
    const std::int32_t per_word = 8 / width;
    for (std::int32_t w = 0; w < width; ++w, words += stride) {
      std::uint32_t word = 0;
      for (std::int32_t j = 0; j < per_word; ++j) {
        word |= ((quads[static_cast<std::size_t>(w * per_word + j)] >> low) & mask) << (j * width);
      }
      *words = word;
    }
    low += width;
  }
}

}  // namespace quire::kernels::opencl
