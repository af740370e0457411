// The AMX decoder against bytes that an assembler wrote.
#include "tests/kernels/amx_decoder.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire::kernels::emulation {
namespace {

struct Assembled {
  const char* text;
  std::vector<std::uint8_t> code;
  Instruction expected;
};

constexpr int kRax = 0, kRcx = 1, kRdx = 2, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7;

Instruction tile_memory(Operation operation, int tile, Address address) {
  return {.operation = operation, .length = 0, .first = tile, .second = 0, .third = 0,
          .address = address};
}

Instruction product(Operation operation, int c, int a, int b) {
  return {.operation = operation, .length = 0, .first = c, .second = a, .third = b, .address = {}};
}

std::vector<Assembled> assembled() {
  using enum Operation;
  return {
      {"ldtilecfg (%rax)", {0xc4, 0xe2, 0x78, 0x49, 0x00}, tile_memory(ldtilecfg, 0, {kRax})},
      {"ldtilecfg 0x1234(%rip)",
       {0xc4, 0xe2, 0x78, 0x49, 0x05, 0x34, 0x12, 0, 0},
       tile_memory(ldtilecfg, 0, {Address::kNextInstruction, Address::kNone, 1, 0x1234})},
      {"ldtilecfg -0x8(%r12,%r9,4)",
       {0xc4, 0x82, 0x78, 0x49, 0x44, 0x8c, 0xf8},
       tile_memory(ldtilecfg, 0, {12, 9, 4, -8})},
      {"sttilecfg 0x40(%rsp)",
       {0xc4, 0xe2, 0x79, 0x49, 0x44, 0x24, 0x40},
       tile_memory(sttilecfg, 0, {kRsp, Address::kNone, 1, 0x40})},
      {"tilerelease", {0xc4, 0xe2, 0x78, 0x49, 0xc0}, tile_memory(tilerelease, 0, {})},
      {"tilezero %tmm5", {0xc4, 0xe2, 0x7b, 0x49, 0xe8}, tile_memory(tilezero, 5, {})},
      {"tileloadd (%r12,%r13,2),%tmm3",
       {0xc4, 0x82, 0x7b, 0x4b, 0x1c, 0x6c},
       tile_memory(tileload, 3, {12, 13, 2, 0})},
      {"tileloadd 0x100(%rax,%r8,1),%tmm7",
       {0xc4, 0xa2, 0x7b, 0x4b, 0xbc, 0, 0, 1, 0, 0},
       tile_memory(tileload, 7, {kRax, 8, 1, 0x100})},
      {"tileloaddt1 (%rdi,%rsi,1),%tmm1",
       {0xc4, 0xe2, 0x79, 0x4b, 0x0c, 0x37},
       tile_memory(tileload, 1, {kRdi, kRsi, 1, 0})},
      {"tileloadd 0x10(,%rcx,8),%tmm2",
       {0xc4, 0xe2, 0x7b, 0x4b, 0x14, 0xcd, 0x10, 0, 0, 0},
       tile_memory(tileload, 2, {Address::kNone, kRcx, 8, 0x10})},
      {"tilestored %tmm6,0x0(%rbp,%rdx,1)",
       {0xc4, 0xe2, 0x7a, 0x4b, 0x74, 0x15, 0},
       tile_memory(tilestored, 6, {kRbp, kRdx, 1, 0})},
      {"tdpbssd %tmm1,%tmm2,%tmm3",
       {0xc4, 0xe2, 0x73, 0x5e, 0xda},
       product(tdpbssd, 3, 2, 1)},
      {"tdpbsud %tmm1,%tmm2,%tmm3",
       {0xc4, 0xe2, 0x72, 0x5e, 0xda},
       product(tdpbsud, 3, 2, 1)},
      {"tdpbusd %tmm1,%tmm2,%tmm3",
       {0xc4, 0xe2, 0x71, 0x5e, 0xda},
       product(tdpbusd, 3, 2, 1)},
      {"tdpbuud %tmm1,%tmm2,%tmm3",
       {0xc4, 0xe2, 0x70, 0x5e, 0xda},
       product(tdpbuud, 3, 2, 1)},
      {"tdpbf16ps %tmm6,%tmm5,%tmm4",
       {0xc4, 0xe2, 0x4a, 0x5c, 0xe5},
       product(tdpbf16ps, 4, 5, 6)},
  };
}

TEST(AmxDecoder, ReadsWhatAnAssemblerWrites) {
  for (const Assembled& each : assembled()) {
    const auto decoded = decode(each.code.data());
    ASSERT_TRUE(decoded.has_value()) << each.text;
    EXPECT_EQ(decoded->operation, each.expected.operation) << each.text;
    EXPECT_EQ(decoded->length, static_cast<int>(each.code.size())) << each.text;
    EXPECT_EQ(decoded->first, each.expected.first) << each.text;
    EXPECT_EQ(decoded->second, each.expected.second) << each.text;
    EXPECT_EQ(decoded->third, each.expected.third) << each.text;
    EXPECT_EQ(decoded->address.base, each.expected.address.base) << each.text;
    EXPECT_EQ(decoded->address.index, each.expected.address.index) << each.text;
    EXPECT_EQ(decoded->address.scale, each.expected.address.scale) << each.text;
    EXPECT_EQ(decoded->address.displacement, each.expected.address.displacement) << each.text;
  }
}

TEST(AmxDecoder, LeavesOtherInstructionsAlone) {
  const std::vector<std::vector<std::uint8_t>> others = {
      {0x90, 0, 0, 0, 0},                    // nop
      {0x0f, 0x0b, 0, 0, 0},                 // ud2
      {0xc5, 0xf8, 0x77, 0, 0},              // vzeroupper
      {0xc4, 0xe2, 0x6d, 0xb8, 0xd9},        // vfmadd231ps %ymm1,%ymm2,%ymm3
      {0xc4, 0xe2, 0x69, 0x04, 0xd9},        // vpmaddubsw %xmm1,%xmm2,%xmm3
      {0x62, 0xf2, 0xed, 0x48, 0x8d, 0xd9},  // vpermw %zmm1,%zmm2,%zmm3
      {0xc4, 0xe2, 0x77, 0x5e, 0xda},        // tdpbssd with VEX.L
      {0xc4, 0xe2, 0xf3, 0x5e, 0xda},        // tdpbssd with VEX.W
      {0xc4, 0xe2, 0x33, 0x5e, 0xda},        // tdpbssd of tile 9
      {0xc4, 0xe2, 0x7b, 0x4b, 0x18},        // tileloadd without SIB
  };
  for (const auto& code : others) EXPECT_FALSE(decode(code.data()).has_value());
}

}  // namespace
}  // namespace quire::kernels::emulation
