// Codes of affine weights as the 32-bit words that linear_affine.cl reads: see README.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quire::kernels::opencl {

/// Output columns of a panel: one work-item each.
inline constexpr std::int32_t kPanelColumns = 32;
/// Codes along K in a unit: `bits` words of each column.
inline constexpr std::int32_t kUnitDepth = 32;

/// The 32 codes at the start of a little-endian bit stream, least significant bit first, as `bits`
/// words, `stride` words apart: planes of width 8, 4, 2 or 1, the code's low bits in the first one.
/// A word of width w holds 8 / w quads; byte i of quad q is code 4 q + i.
void pack_unit(const std::byte* stream, std::int32_t bits, std::uint32_t* words,
               std::size_t stride) noexcept;

}  // namespace quire::kernels::opencl
