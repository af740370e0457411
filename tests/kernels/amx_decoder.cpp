#include "tests/kernels/amx_decoder.h"

#include <cstring>

namespace quire::kernels::emulation {
namespace {

/// The prefix that VEX.pp stands for.
enum class Prefix : std::uint8_t { none, x66, f3, f2 };

struct Vex {
  Prefix prefix;
  int reg_high;    // VEX.R as 0 or 8
  int index_high;  // VEX.X
  int base_high;   // VEX.B
  int vvvv;
};

/// VEX.128.0F38.W0 at `code`, its three bytes only.
std::optional<Vex> decode_vex(const std::uint8_t* code) {
  constexpr int kMap0F38 = 2;
  if (code[0] != 0xc4 || (code[1] & 0x1f) != kMap0F38) return std::nullopt;
  const bool w1 = (code[2] & 0x80) != 0;
  const bool wider = (code[2] & 0x04) != 0;
  if (w1 || wider) return std::nullopt;
  return Vex{.prefix = static_cast<Prefix>(code[2] & 3),
             .reg_high = (code[1] & 0x80) != 0 ? 0 : 8,
             .index_high = (code[1] & 0x40) != 0 ? 0 : 8,
             .base_high = (code[1] & 0x20) != 0 ? 0 : 8,
             .vvvv = 15 - (code[2] >> 3 & 15)};
}

struct ModRm {
  int mod;
  int reg;
  int rm;
};

ModRm decode_modrm(std::uint8_t byte) {
  return {byte >> 6, byte >> 3 & 7, byte & 7};
}

/// A memory operand from its ModRM byte on; `code` is left behind it.
Address decode_address(const std::uint8_t*& code, const Vex& vex) {
  constexpr int kSib = 4;     // rm: a SIB byte follows; index: there is none
  constexpr int kNoBase = 5;  // with mod 0
  const ModRm modrm = decode_modrm(*code++);
  Address address;
  int displacement_bytes = modrm.mod == 1 ? 1 : modrm.mod == 2 ? 4 : 0;
  if (modrm.rm == kSib) {
    const std::uint8_t sib = *code++;
    const int index = (sib >> 3 & 7) | vex.index_high;
    if (index != kSib) address.index = index;
    address.scale = 1 << (sib >> 6);
    if (modrm.mod == 0 && (sib & 7) == kNoBase) {
      displacement_bytes = 4;
    } else {
      address.base = (sib & 7) | vex.base_high;
    }
  } else if (modrm.mod == 0 && modrm.rm == kNoBase) {
    address.base = Address::kNextInstruction;
    displacement_bytes = 4;
  } else {
    address.base = modrm.rm | vex.base_high;
  }
  if (displacement_bytes == 1) address.displacement = static_cast<std::int8_t>(*code);
  if (displacement_bytes == 4) {
    std::int32_t wide = 0;
    std::memcpy(&wide, code, sizeof wide);
    address.displacement = wide;
  }
  code += displacement_bytes;
  return address;
}

/// Opcode 49: the configuration, and tilezero.
std::optional<Operation> configuration_operation(Prefix prefix, const ModRm& modrm) {
  const bool memory = modrm.mod != 3;
  if (prefix == Prefix::f2) {
    return !memory && modrm.rm == 0 ? std::optional(Operation::tilezero) : std::nullopt;
  }
  if (modrm.reg != 0) return std::nullopt;
  if (memory && prefix == Prefix::none) return Operation::ldtilecfg;
  if (memory && prefix == Prefix::x66) return Operation::sttilecfg;
  if (!memory && prefix == Prefix::none && modrm.rm == 0) return Operation::tilerelease;
  return std::nullopt;
}

/// Opcode 4B: tiles from and to memory, always with a SIB byte.
std::optional<Operation> memory_operation(Prefix prefix, const ModRm& modrm) {
  if (modrm.mod == 3 || modrm.rm != 4 || prefix == Prefix::none) return std::nullopt;
  return prefix == Prefix::f3 ? Operation::tilestored : Operation::tileload;
}

/// Opcodes 5C and 5E: products.
std::optional<Operation> product_operation(std::uint8_t opcode, Prefix prefix, const ModRm& modrm) {
  if (modrm.mod != 3) return std::nullopt;
  if (opcode == 0x5c) {
    return prefix == Prefix::f3 ? std::optional(Operation::tdpbf16ps) : std::nullopt;
  }
  switch (prefix) {
    case Prefix::f2:
      return Operation::tdpbssd;
    case Prefix::f3:
      return Operation::tdpbsud;
    case Prefix::x66:
      return Operation::tdpbusd;
    case Prefix::none:
      return Operation::tdpbuud;
  }
  return std::nullopt;
}

std::optional<Operation> operation_of(std::uint8_t opcode, Prefix prefix, const ModRm& modrm) {
  switch (opcode) {
    case 0x49:
      return configuration_operation(prefix, modrm);
    case 0x4b:
      return memory_operation(prefix, modrm);
    case 0x5c:
    case 0x5e:
      return product_operation(opcode, prefix, modrm);
    default:
      return std::nullopt;
  }
}

bool is_product(Operation operation) {
  return operation >= Operation::tdpbssd;
}

}  // namespace

std::optional<Instruction> decode(const std::uint8_t* code) {
  const std::optional<Vex> vex = decode_vex(code);
  if (!vex) return std::nullopt;
  const std::uint8_t opcode = code[3];
  if (opcode != 0x49 && opcode != 0x4b && opcode != 0x5c && opcode != 0x5e) return std::nullopt;
  const ModRm modrm = decode_modrm(code[4]);
  const std::optional<Operation> operation = operation_of(opcode, vex->prefix, modrm);
  if (!operation) return std::nullopt;
  // Tiles above 7 do not exist, and vvvv is 1111b where it names nothing.
  const bool named = is_product(*operation);
  if (vex->reg_high != 0 || (named ? vex->vvvv > 7 : vex->vvvv != 0)) return std::nullopt;
  Instruction instruction{
      .operation = *operation, .length = 0, .first = modrm.reg, .second = 0, .third = 0,
      .address = {}};
  const std::uint8_t* end = code + 5;
  if (named) {
    if (vex->base_high != 0) return std::nullopt;
    instruction.second = modrm.rm;
    instruction.third = vex->vvvv;
  } else if (modrm.mod != 3) {
    end = code + 4;
    instruction.address = decode_address(end, *vex);
  }
  instruction.length = static_cast<int>(end - code);
  return instruction;
}

}  // namespace quire::kernels::emulation
