#include "kernels/cpu/packed_codes.h"

#include <array>
#include <bit>
#include <cstring>

#include "kernels/cpu/packed_layout.h"

namespace quire::kernels::cpu {

static_assert(std::endian::native == std::endian::little, "streams and tiles are little-endian");

namespace {

constexpr std::int32_t kQuads = kUnitDepth / kQuadDepth;

std::uint32_t byte_mask(std::int32_t width) noexcept {
  return 0x01010101U * ((1U << width) - 1U);
}

std::uint32_t load_quad(const void* from) noexcept {
  std::uint32_t quad = 0;
  std::memcpy(&quad, from, sizeof quad);
  return quad;
}

}  // namespace

void unpack_stream(const std::byte* stream, std::int32_t bits, std::int32_t count,
                   std::uint8_t* codes) noexcept {
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  for (std::int32_t i = 0; i < count; i += 8, stream += bits) {
    std::uint64_t word = 0;  // 8 codes are exactly `bits` bytes
    std::memcpy(&word, stream, static_cast<std::size_t>(bits));
    for (std::int32_t j = 0; j < 8; ++j) {
      codes[i + j] = static_cast<std::uint8_t>((word >> (j * bits)) & mask);
    }
  }
}

void pack_tile(const std::uint8_t* codes, std::int32_t bits, std::byte* tile) noexcept {
  const Planes planes = planes_of(bits);
  std::int32_t low = 0;  // bits of the code that wider planes already hold
  for (std::int32_t p = 0; p < planes.count; ++p) {
    const std::int32_t width = planes.width[p];
    const std::uint32_t mask = byte_mask(width);
    const std::int32_t quads = 8 / width;
    for (std::int32_t v = 0; v < width; ++v, tile += kVectorBytes) {
      for (std::int32_t c = 0; c < kTileColumns; ++c) {
        std::uint32_t bytes = 0;
        for (std::int32_t j = 0; j < quads; ++j) {
          const std::int32_t k = (v * quads + j) * kQuadDepth;
          bytes |= ((load_quad(codes + c * kUnitDepth + k) >> low) & mask) << (j * width);
        }
        std::memcpy(tile + c * kQuadDepth, &bytes, sizeof bytes);
      }
    }
    low += width;
  }
}

void unpack_tile_column(const std::byte* tile, std::int32_t bits, std::int32_t column,
                        std::uint8_t* codes) noexcept {
  const Planes planes = planes_of(bits);
  std::array<std::uint32_t, kQuads> quads{};
  std::int32_t low = 0;
  for (std::int32_t p = 0; p < planes.count; ++p) {
    const std::int32_t width = planes.width[p];
    const std::int32_t per_vector = 8 / width;
    for (std::int32_t v = 0; v < width; ++v, tile += kVectorBytes) {
      const std::uint32_t bytes = load_quad(tile + column * kQuadDepth);
      for (std::int32_t j = 0; j < per_vector; ++j) {
        quads[static_cast<std::size_t>(v * per_vector + j)] |=
            ((bytes >> (j * width)) & byte_mask(width)) << low;
      }
    }
    low += width;
  }
  std::memcpy(codes, quads.data(), sizeof quads);
}

void pack_word_tile(const std::uint8_t* codes, std::int32_t bits, std::byte* tile) noexcept {
  if (bits == 8) {
    std::memcpy(tile, codes, kTileColumns * kUnitDepth);
    return;
  }
  const Planes planes = planes_of(bits);
  std::int32_t low = 0;
  for (std::int32_t p = 0; p < planes.count; ++p) {
    const std::int32_t width = planes.width[p];
    const std::int32_t columns = 16 / width;
    for (std::int32_t v = 0; v < width; ++v, tile += kVectorBytes) {
      for (std::int32_t k = 0; k < kUnitDepth; ++k) {
        std::uint32_t word = 0;
        for (std::int32_t j = 0; j < columns; ++j) {
          const std::uint32_t code = codes[(v * columns + j) * kUnitDepth + k];
          word |= (code >> low & ((1U << width) - 1U)) << (j * width);
        }
        const auto stored = static_cast<std::uint16_t>(word);
        std::memcpy(tile + 2 * k, &stored, sizeof stored);
      }
    }
    low += width;
  }
}

void unpack_word_tile_column(const std::byte* tile, std::int32_t bits, std::int32_t column,
                             std::uint8_t* codes) noexcept {
  if (bits == 8) {
    std::memcpy(codes, tile + column * kUnitDepth, kUnitDepth);
    return;
  }
  const Planes planes = planes_of(bits);
  std::memset(codes, 0, kUnitDepth);
  std::int32_t low = 0;
  for (std::int32_t p = 0; p < planes.count; ++p) {
    const std::int32_t width = planes.width[p];
    const std::int32_t columns = 16 / width;
    const std::byte* words = tile + column / columns * kVectorBytes;
    for (std::int32_t k = 0; k < kUnitDepth; ++k) {
      std::uint16_t word = 0;
      std::memcpy(&word, words + 2 * k, sizeof word);
      const std::uint32_t field = word >> (column % columns * width) & ((1U << width) - 1U);
      codes[k] = static_cast<std::uint8_t>(codes[k] | field << low);
    }
    tile += width * kVectorBytes;
    low += width;
  }
}

}  // namespace quire::kernels::cpu
