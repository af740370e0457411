// Decodes the AMX instructions that compilers emit for tile kernels (Intel, "Architecture
// Instruction Set Extensions Programming Reference", chapter 3): three-byte VEX, opcode map 0F38.
#pragma once

#include <cstdint>
#include <optional>

namespace quire::kernels::emulation {

enum class Operation : std::uint8_t {
  ldtilecfg,
  sttilecfg,
  tilerelease,
  tilezero,
  tileload,  // tileloadd and tileloaddt1, which differ in caching only
  tilestored,
  tdpbssd,
  tdpbsud,
  tdpbusd,
  tdpbuud,
  tdpbf16ps,
};

/// base + index * scale + displacement. Registers in encoding order: 0 rax, 1 rcx ... 15 r15.
struct Address {
  static constexpr int kNone = -1;
  static constexpr int kNextInstruction = 16;  // rip-relative

  int base = kNone;
  int index = kNone;
  int scale = 1;
  std::int64_t displacement = 0;
};

struct Instruction {
  Operation operation;
  int length = 0;  // bytes
  // Tiles in the order of Intel's syntax: destination (or the tile stored), then the sources.
  int first = 0;
  int second = 0;
  int third = 0;
  Address address;  // of the operations that have one; the index is a tile's stride
};

/// The AMX instruction at `code`, or nothing. Reads no byte behind the first one that rules it out.
std::optional<Instruction> decode(const std::uint8_t* code);

}  // namespace quire::kernels::emulation
