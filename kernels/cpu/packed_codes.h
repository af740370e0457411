// Affine codes between their two forms: the little-endian bit stream of a model file and the tiles
// of a packed panel. Pure functions on bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quire::kernels::cpu {

/// codes[i] = bits [i * bits, (i + 1) * bits) of the stream, least significant bit first.
/// REQUIRES: count is a multiple of 8, so that the stream ends on a byte.
void unpack_stream(const std::byte* stream, std::int32_t bits, std::int32_t count,
                   std::uint8_t* codes) noexcept;

/// Tiles in quad order (packed_layout.h).
/// codes [kTileColumns][kUnitDepth] to one tile of bits * kVectorBytes bytes.
void pack_tile(const std::uint8_t* codes, std::int32_t bits, std::byte* tile) noexcept;
/// The kUnitDepth codes of one column of a tile. REQUIRES: 0 <= column < kTileColumns.
void unpack_tile_column(const std::byte* tile, std::int32_t bits, std::int32_t column,
                        std::uint8_t* codes) noexcept;

/// The same for tiles in word order.
void pack_word_tile(const std::uint8_t* codes, std::int32_t bits, std::byte* tile) noexcept;
void unpack_word_tile_column(const std::byte* tile, std::int32_t bits, std::int32_t column,
                             std::uint8_t* codes) noexcept;

}  // namespace quire::kernels::cpu
