// Tile registers and what AMX instructions do with them, after the operation sections of Intel's
// "Architecture Instruction Set Extensions Programming Reference": palette 1, eight tiles of 16
// rows x 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/kernels/amx_decoder.h"

namespace quire::kernels::emulation {

inline constexpr int kTiles = 8;
inline constexpr int kTileRows = 16;
inline constexpr int kTileRowBytes = 64;

/// The 64 bytes of ldtilecfg.
struct TileConfig {
  std::uint8_t palette = 0;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

/// One thread's tile registers.
struct Tiles {
  TileConfig config;  // palette 0: not configured
  alignas(64) std::byte of[kTiles][kTileRows][kTileRowBytes] = {};
};

/// Memory of an instruction: an address, and for tiles the bytes from a row to the next.
struct Memory {
  std::byte* first = nullptr;
  std::int64_t stride = 0;
};

/// Whether this CPU has the instructions that `execute` itself is written with (AVX-512 F).
bool can_execute();

/// Executes. Returns null, or the rule that the instruction breaks (the CPU's #UD or #GP); the
/// tiles are then as before. REQUIRES: can_execute().
const char* execute(const Instruction& instruction, Memory memory, Tiles& tiles);

}  // namespace quire::kernels::emulation
