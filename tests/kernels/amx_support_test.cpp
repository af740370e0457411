// The start-up check of AMX tiles: it accepts the rule that the level `amx` is tested with, and no
// other.
#include "kernels/cpu/amx_support.h"

#include <gmock/gmock.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <initializer_list>

#include "tests/kernels/amx_emulator.h"

namespace quire::kernels::cpu {
namespace {

using testing::HasSubstr;
using testing::IsNull;

/// Ways to compute a product that a tile unit might take; all false is the documented one.
struct Departure {
  bool one_chain = false;        // k in order, even and odd together
  bool sums_first = false;       // the even chain begins with the sum
  bool rounds_products = false;  // a product and an addition instead of a multiply-add
  bool truncates = false;        // sums lose their last bit, as if rounded towards zero
  bool keeps_small_operands = false;
  bool keeps_small_results = false;
  bool writes_full_rows = false;
  bool drops_last_row_of_many = false;
};

float flushed(float value) {
  return std::fabs(value) < FLT_MIN ? std::copysign(0.0F, value) : value;
}

template <Departure kWay>
float operand(std::uint16_t bf16) {
  const auto value = std::bit_cast<float>(std::uint32_t{bf16} << 16);
  return kWay.keeps_small_operands ? value : flushed(value);
}

template <Departure kWay>
float result(float value) {
  return kWay.keeps_small_results ? value : flushed(value);
}

template <Departure kWay>
float sum_of(const TileProduct& product, int row, int column) {
  float sum = product.sums[row][column];
  float chains[2] = {kWay.sums_first ? sum : 0.0F, 0.0F};
  for (int k = 0; k < 32; ++k) {
    const float left = operand<kWay>(product.left[row][k]);
    const float right = operand<kWay>(product.right[k / 2][column][k % 2]);
    float& chain = chains[kWay.one_chain ? 0 : k % 2];
    chain = result<kWay>(kWay.rounds_products ? result<kWay>(left * right) + chain
                                              : std::fma(left, right, chain));
  }
  const float both = result<kWay>(chains[0] + chains[1]);
  sum = kWay.sums_first ? both : result<kWay>(sum + both);
  return kWay.truncates ? std::bit_cast<float>(std::bit_cast<std::uint32_t>(sum) & ~1U) : sum;
}

template <Departure kWay>
void multiply(TileProduct& product) {
  const TileProduct before = product;
  const int rows = product.rows - (kWay.drops_last_row_of_many && product.rows > 1 ? 1 : 0);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < (kWay.writes_full_rows ? 16 : product.columns); ++column) {
      product.sums[row][column] = sum_of<kWay>(before, row, column);
    }
  }
}

TEST(AmxSelfCheck, AcceptsTheTilesThatTheLevelIsTestedOn) {
  const std::string why = emulation::provide_amx();
  if (!why.empty()) GTEST_SKIP() << why;
  EXPECT_THAT(broken_tile_rule(multiply_on_tiles), IsNull());
  if (emulation::hardware_has_amx()) return;  // only the emulator can be asked
  EXPECT_FALSE(emulation::tiles_are_configured());
}

TEST(AmxSelfCheck, AcceptsTheDocumentedRule) {
  EXPECT_THAT(broken_tile_rule(multiply<Departure{}>), IsNull());
}

TEST(AmxSelfCheck, RefusesEveryOtherRule) {
  int number = 0;
  for (void (*other)(TileProduct&) : {
           multiply<Departure{.one_chain = true}>,
           multiply<Departure{.sums_first = true}>,
           multiply<Departure{.rounds_products = true}>,
           multiply<Departure{.truncates = true}>,
           multiply<Departure{.keeps_small_operands = true}>,
           multiply<Departure{.keeps_small_results = true}>,
           multiply<Departure{.writes_full_rows = true}>,
           multiply<Departure{.drops_last_row_of_many = true}>,
       }) {
    SCOPED_TRACE(number++);
    const char* refusal = broken_tile_rule(other);
    ASSERT_NE(refusal, nullptr);
    EXPECT_THAT(refusal, HasSubstr("AMX tiles do not add"));
  }
  EXPECT_NE(broken_tile_rule([](TileProduct&) {}), nullptr);
}

}  // namespace
}  // namespace quire::kernels::cpu
