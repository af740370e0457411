// Passes over all logits of a row, against their definitions in double.
#include "engine/sampling/row_passes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace quire::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kSizes[] = {1, 2, 15, 16, 17, 255, 256, 257, 1000, 5003};

std::vector<float> random_logits(std::size_t count, float width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, width);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

double weight(float logit, float highest, float temperature) {
  return std::exp((static_cast<double>(logit) - static_cast<double>(highest)) /
                  static_cast<double>(temperature));
}

TEST(RowPasses, MostLikelyIsTheLowestIdOfTheLargest) {
  for (const std::size_t size : kSizes) {
    auto logits = random_logits(size, 3.0F, 1);
    for (std::size_t place = 0; place < size; place += 1 + size / 37) {
      auto changed = logits;
      changed[place] = changed[size - 1] = 100.0F;
      EXPECT_EQ(most_likely(changed), static_cast<TokenId>(place)) << size;
    }
    std::fill(logits.begin(), logits.end(), -kInfinity);
    EXPECT_EQ(most_likely(logits), 0);
  }
}

TEST(RowPasses, TheFirstUnusableLogitIsFound) {
  for (const std::size_t size : kSizes) {
    const auto logits = random_logits(size, 3.0F, 2);
    EXPECT_FALSE(find_unusable(logits));
    for (std::size_t place = 0; place < size; place += 1 + size / 37) {
      auto changed = logits;
      changed[size - 1] = kInfinity;
      changed[place] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(find_unusable(changed), place) << size;
    }
  }
}

// exp to 2^-22 (two units in the last place), of an argument that two roundings moved by at most
// 2^-23 * 87 where a weight counts at all; sums of 16 terms per lane add 2^-20 at most.
TEST(RowPasses, WeightsSumToTheDefinition) {
  for (const std::size_t size : kSizes) {
    for (const float width : {0.1F, 3.0F, 40.0F}) {
      for (const float temperature : {0.1F, 1.0F, 5.0F}) {
        auto logits = random_logits(size, width, 3);
        logits[size / 2] = -kInfinity;
        if (size == 1) logits[0] = 1.0F;
        const float highest = *std::max_element(logits.begin(), logits.end());
        double wanted = 0;
        for (const float logit : logits) wanted += weight(logit, highest, temperature);
        std::vector<double> block_sums;
        const double sum = sum_weights(logits, highest, temperature, block_sums);
        EXPECT_NEAR(sum, wanted, wanted * 0x1p-16) << size << " " << width << " " << temperature;
        EXPECT_EQ(block_sums.size(), (size + kBlock - 1) / kBlock);
      }
    }
  }
}

TEST(RowPasses, ExtremeTemperaturesLeaveTheSumsFinite) {
  const std::vector<float> logits = {1.0F, 2.0F, -3e38F, -kInfinity, 2.0F};
  std::vector<double> block_sums;
  EXPECT_EQ(sum_weights(logits, 2.0F, std::numeric_limits<float>::denorm_min(), block_sums), 2.0);
  EXPECT_NEAR(sum_weights(logits, 2.0F, 1e30F, block_sums), 3.0, 1e-6);
}

TEST(RowPasses, DrawsFollowTheDefinition) {
  for (const std::size_t size : kSizes) {
    auto logits = random_logits(size, 2.0F, 4);
    if (size > 2) logits[1] = -kInfinity;
    const float highest = *std::max_element(logits.begin(), logits.end());
    double total = 0;
    for (const float logit : logits) total += weight(logit, highest, 1.0F);
    std::vector<double> block_sums;
    std::mt19937 random(5);
    for (int i = 0; i < 400; ++i) {
      const float uniform = static_cast<float>(random() >> 8U) * 0x1p-24F;
      const auto drawn = static_cast<std::size_t>(
          draw_from_all(logits, highest, 1.0F, uniform, block_sums));
      ASSERT_LT(drawn, size);
      EXPECT_NE(logits[drawn], -kInfinity);
      double before = 0;
      for (std::size_t id = 0; id < drawn; ++id) before += weight(logits[id], highest, 1.0F);
      const double after = before + weight(logits[drawn], highest, 1.0F);
      const double target = static_cast<double>(uniform) * total;
      EXPECT_LE(before, target + total * 0x1p-16) << size;
      EXPECT_GE(after, target - total * 0x1p-16) << size;
    }
    const auto last = draw_from_all(logits, highest, 1.0F, 1.0F - 0x1p-24F, block_sums);
    EXPECT_NE(logits[static_cast<std::size_t>(last)], -kInfinity);
  }
}

}  // namespace
}  // namespace quire::engine::sampling
