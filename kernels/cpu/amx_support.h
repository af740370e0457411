// Whether this process may use AMX tiles, and whether they add as the level `amx` needs them to.
#pragma once

#include <cstdint>

namespace quire::kernels::cpu {

/// Null where the CPU multiplies bf16 tiles, by the documented rule, and the operating system lets
/// this process; else what is missing. The first call asks Linux for tile state, which holds for
/// all threads of the process from then on (arch_prctl(2), ARCH_REQ_XCOMP_PERM), and computes a few
/// products (broken_tile_rule). A thread gets memory for its tiles at its first tile instruction.
/// Thread: any.
const char* missing_for_amx();

/// sums += left * right by one TDPBF16PS, operands in bf16.
struct TileProduct {
  std::int32_t rows;     // of left and sums, 1 .. 16
  std::int32_t columns;  // of right and sums, 1 .. 16
  std::uint16_t left[16][32];
  std::uint16_t right[16][16][2];  // [k / 2][column][k % 2]
  float sums[16][16];
};

/// Null where `multiply` gives, bit for bit, the sums that Intel documents (Software Developer's
/// Manual, TDPBF16PS), in full tiles and in parts of them, and leaves the rest alone; else what to
/// say of it. Per sum: a chain of multiply-adds from zero over even k, one over odd k; even + odd;
/// added to the sum. Every step rounds to nearest even and takes denormals for zeros, before and
/// after. Thread: any.
const char* broken_tile_rule(void (*multiply)(TileProduct& product));

/// By the tile unit; x86-64 Linux only. REQUIRES: the process may use AMX tiles. Thread: any.
void multiply_on_tiles(TileProduct& product);

}  // namespace quire::kernels::cpu
