// The two forms of affine codes: MLX's bit stream, and the tiles of a packed panel.
#include "kernels/cpu/packed_codes.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "kernels/cpu/packed_layout.h"

namespace quire::kernels::cpu {
namespace {

constexpr std::int32_t kWidths[] = {2, 3, 4, 5, 6, 8};

using Codes = std::array<std::uint8_t, kTileColumns * kUnitDepth>;

Codes random_codes(std::int32_t bits, std::uint32_t seed) {
  std::mt19937 random(seed);
  Codes codes{};
  for (auto& code : codes) code = static_cast<std::uint8_t>(random() >> (32 - bits));
  return codes;
}

std::array<std::uint8_t, 8> unpack_eight(const std::vector<int>& bytes, std::int32_t bits) {
  std::vector<std::byte> stream;
  for (const int byte : bytes) stream.push_back(static_cast<std::byte>(byte));
  std::array<std::uint8_t, 8> codes{};
  unpack_stream(stream.data(), bits, 8, codes.data());
  return codes;
}

// The formulas are the format's published check vectors (element e of bytes b).
TEST(PackedCodes, UnpacksThreeBitStreams) {
  const std::vector<int> b = {0b10110101, 0b01101110, 0b11010011};
  const auto e = unpack_eight(b, 3);
  EXPECT_EQ(e[0], b[0] & 7);
  EXPECT_EQ(e[1], (b[0] >> 3) & 7);
  EXPECT_EQ(e[2], (b[0] >> 6) | (b[1] & 1) << 2);
  EXPECT_EQ(e[5], (b[1] >> 7) | (b[2] & 3) << 1);
  EXPECT_EQ(e[7], b[2] >> 5);
}

TEST(PackedCodes, UnpacksFiveBitStreams) {
  const std::vector<int> b = {0b10110101, 0b01101110, 0b11010011, 0b00101101, 0b11100110};
  const auto e = unpack_eight(b, 5);
  EXPECT_EQ(e[0], b[0] & 31);
  EXPECT_EQ(e[1], (b[0] >> 5) | (b[1] & 3) << 3);
  EXPECT_EQ(e[3], (b[1] >> 7) | (b[2] & 15) << 1);
  EXPECT_EQ(e[4], (b[2] >> 4) | (b[3] & 1) << 4);
  EXPECT_EQ(e[6], (b[3] >> 6) | (b[4] & 7) << 2);
}

TEST(PackedCodes, UnpacksSixBitStreams) {
  const std::vector<int> b = {0b10110101, 0b01101110, 0b11010011,
                              0b00101101, 0b11100110, 0b01011010};
  const auto e = unpack_eight(b, 6);
  EXPECT_EQ(e[0], b[0] & 63);
  EXPECT_EQ(e[1], (b[0] >> 6) | (b[1] & 15) << 2);
  EXPECT_EQ(e[2], (b[1] >> 4) | (b[2] & 3) << 4);
  EXPECT_EQ(e[3], b[2] >> 2);
}

TEST(PackedCodes, UnpacksEveryWidthAsOneBitStream) {
  for (const std::int32_t bits : kWidths) {
    const Codes codes = random_codes(bits, 11);
    std::vector<std::byte> stream(codes.size() * static_cast<std::size_t>(bits) / 8);
    for (std::size_t i = 0; i < codes.size() * static_cast<std::size_t>(bits); ++i) {
      const std::size_t code = i / static_cast<std::size_t>(bits);
      const std::size_t bit = i % static_cast<std::size_t>(bits);
      if ((codes[code] >> bit & 1) != 0) stream[i / 8] |= std::byte{1} << (i % 8);
    }
    Codes unpacked{};
    unpack_stream(stream.data(), bits, static_cast<std::int32_t>(codes.size()), unpacked.data());
    EXPECT_EQ(unpacked, codes) << bits << " bits";
  }
}

/// How a tile's vectors hold its codes.
struct TileForm {
  const char* name;
  void (*pack)(const std::uint8_t* codes, std::int32_t bits, std::byte* tile) noexcept;
  void (*unpack)(const std::byte* tile, std::int32_t bits, std::int32_t column,
                 std::uint8_t* codes) noexcept;
  /// Where the picture shows bit 0 of the code at (column, k) in a plane of a width: which bit of
  /// the plane's bytes, counted from its first.
  std::int32_t (*bit_in_plane)(std::int32_t width, std::int32_t column, std::int32_t k);
};

std::int32_t quad_bit(std::int32_t width, std::int32_t column, std::int32_t k) {
  const std::int32_t quad = k / kQuadDepth;
  const std::int32_t byte = quad * width / 8 * kVectorBytes + 4 * column + k % 4;
  return byte * 8 + quad % (8 / width) * width;
}

std::int32_t word_bit(std::int32_t width, std::int32_t column, std::int32_t k) {
  if (width == 8) return (column * kUnitDepth + k) * 8;
  const std::int32_t columns = 16 / width;
  const std::int32_t byte = column / columns * kVectorBytes + 2 * k;
  return byte * 8 + column % columns * width;
}

constexpr TileForm kForms[] = {
    {"quads", pack_tile, unpack_tile_column, quad_bit},
    {"words", pack_word_tile, unpack_word_tile_column, word_bit},
};

/// Bit `bit` of the code at (column, k), looked up where the layout's picture says it lies.
bool tile_bit(const TileForm& form, const std::byte* tile, std::int32_t bits, std::int32_t column,
              std::int32_t k, std::int32_t bit) {
  std::int32_t below = 0;
  const Planes planes = planes_of(bits);
  for (std::int32_t p = 0; p < planes.count; ++p) {
    const std::int32_t width = planes.width[p];
    if (bit < below + width) {
      const std::int32_t at = form.bit_in_plane(width, column, k) + bit - below;
      return (std::to_integer<int>(tile[below * kVectorBytes + at / 8]) >> (at % 8) & 1) != 0;
    }
    below += width;  // as many vectors as bits
  }
  return false;
}

std::vector<std::byte> packed(const TileForm& form, const Codes& codes, std::int32_t bits) {
  std::vector<std::byte> tile(static_cast<std::size_t>(bits * kVectorBytes));
  form.pack(codes.data(), bits, tile.data());
  return tile;
}

TEST(PackedCodes, TilesFollowTheDocumentedPicture) {
  for (const TileForm& form : kForms) {
    for (const std::int32_t bits : kWidths) {
      const Codes codes = random_codes(bits, 12);
      const std::vector<std::byte> tile = packed(form, codes, bits);
      for (std::int32_t c = 0; c < kTileColumns; ++c) {
        for (std::int32_t k = 0; k < kUnitDepth; ++k) {
          for (std::int32_t b = 0; b < bits; ++b) {
            const int code = codes[static_cast<std::size_t>(c * kUnitDepth + k)];
            ASSERT_EQ(tile_bit(form, tile.data(), bits, c, k, b), (code >> b & 1) != 0)
                << form.name << ", " << bits << " bits, column " << c << ", k " << k << ", bit "
                << b;
          }
        }
      }
    }
  }
}

TEST(PackedCodes, TileColumnsReadBack) {
  for (const TileForm& form : kForms) {
    for (const std::int32_t bits : kWidths) {
      const Codes codes = random_codes(bits, 13);
      const std::vector<std::byte> tile = packed(form, codes, bits);
      for (std::int32_t c = 0; c < kTileColumns; ++c) {
        std::array<std::uint8_t, kUnitDepth> column{};
        form.unpack(tile.data(), bits, c, column.data());
        for (std::int32_t k = 0; k < kUnitDepth; ++k) {
          EXPECT_EQ(column[static_cast<std::size_t>(k)],
                    codes[static_cast<std::size_t>(c * kUnitDepth + k)])
              << form.name << ", " << bits << " bits, column " << c << ", k " << k;
        }
      }
    }
  }
}

}  // namespace
}  // namespace quire::kernels::cpu
