#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "engine/sampling/candidates.h"
#include "engine/sampling/philox.h"

namespace quire::engine {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> random_logits(std::uint32_t seed, std::size_t n, float spread = 4.0F) {
  std::mt19937 generator(seed);
  std::vector<float> logits(n);
  for (float& logit : logits) {
    logit = spread * (static_cast<float>(generator() >> 8U) * 0x1p-24F - 0.5F);
  }
  return logits;
}

struct Row {
  std::vector<float> logits;
  std::vector<TokenId> tokens = {};
  std::int32_t prompt_tokens = 0;
  SamplingParams params = {};

  Result<SampledToken, std::string> sample() const {
    SamplerScratch scratch;
    return sample(scratch);
  }
  Result<SampledToken, std::string> sample(SamplerScratch& scratch) const {
    return sample_token(
        {.logits = logits, .tokens = tokens, .prompt_tokens = prompt_tokens, .params = &params},
        scratch);
  }
  TokenId id() const { return sample().value().id; }
};

/// The definition of the survivors, by sorting everything.
std::vector<TokenId> sorted_survivors(const std::vector<float>& logits, const SamplingParams& p) {
  std::vector<TokenId> order;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > -kInf) order.push_back(static_cast<TokenId>(i));
  }
  const auto logit = [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](TokenId a, TokenId b) { return logit(a) > logit(b); });
  if (p.top_k > 0 && static_cast<std::size_t>(p.top_k) < order.size()) {
    order.resize(static_cast<std::size_t>(p.top_k));
  }
  const auto weight = [&](TokenId id) {
    return std::exp((static_cast<long double>(logit(id)) - logit(order[0])) / p.temperature);
  };
  if (p.top_p < 1) {
    long double total = 0;
    for (const TokenId id : order) total += weight(id);
    long double sum = 0;
    std::size_t n = 0;
    while (n < order.size() && sum < p.top_p * total) sum += weight(order[n++]);
    order.resize(n);
  }
  std::erase_if(order, [&](TokenId id) { return weight(id) < p.min_p; });
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<TokenId> survivors(const std::vector<float>& logits, const SamplingParams& p) {
  SamplerScratch scratch;
  sampling::select_candidates(logits, p, scratch);
  std::vector<TokenId> ids;
  for (const auto& [logit, id] : scratch.candidates) ids.push_back(id);
  return ids;
}

TEST(Philox, GivesThePublishedKnownAnswers) {
  // kat_vectors of Random123 1.14, philox4x32 10.
  EXPECT_EQ(sampling::philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (sampling::PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(sampling::philox4x32_10({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}),
            (sampling::PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(sampling::philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                                    {0xa4093822, 0x299f31d0}),
            (sampling::PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Noise, DependsOnSeedAndPositionAlone) {
  EXPECT_EQ(position_uniform(0, 0), static_cast<float>(0x6627e8d5U >> 8U) * 0x1p-24F);
  EXPECT_NE(position_uniform(1, 0), position_uniform(0, 0));
  EXPECT_NE(position_uniform(0, 1), position_uniform(0, 0));
  EXPECT_NE(position_uniform(std::uint64_t{1} << 32U, 0), position_uniform(0, 0));
  EXPECT_NE(position_uniform(0, std::uint64_t{1} << 32U), position_uniform(0, 0));
  for (std::uint64_t i = 0; i < 10000; ++i) {
    EXPECT_GE(position_uniform(7, i), 0.0F);
    EXPECT_LT(position_uniform(7, i), 1.0F);
  }
}

TEST(Sampler, GreedyTakesTheMostLikelyAndTheLowerIdOfATie) {
  Row row{.logits = {1, 3, 3, 2}};
  row.params.temperature = 0;
  for (row.params.seed = 0; row.params.seed < 50; ++row.params.seed) EXPECT_EQ(row.id(), 1);
}

TEST(Sampler, SurvivorsEqualTheDefinitionBySorting) {
  std::mt19937 generator(11);
  const std::vector<std::int32_t> ks = {0, 1, 2, 5, 40, 300, 5000};
  const std::vector<float> ps = {1.0F, 0.999F, 0.9F, 0.5F, 0.01F};
  const std::vector<float> mins = {0.0F, 1e-6F, 0.05F, 0.5F, 1.0F};
  const std::vector<float> temperatures = {0.05F, 0.7F, 1.0F, 30.0F};
  for (std::uint32_t trial = 0; trial < 600; ++trial) {
    std::vector<float> logits = random_logits(trial, 1 + generator() % 3000, 8.0F);
    if (trial % 3 == 0) {  // many ties
      for (float& logit : logits) logit = std::round(logit);
    }
    for (float& logit : logits) {
      if (generator() % 10 == 0) logit = -kInf;
    }
    logits[generator() % logits.size()] = 1.0F;
    SamplingParams p;
    p.top_k = ks[generator() % ks.size()];
    p.top_p = ps[generator() % ps.size()];
    p.min_p = mins[generator() % mins.size()];
    p.temperature = temperatures[generator() % temperatures.size()];
    EXPECT_EQ(survivors(logits, p), sorted_survivors(logits, p)) << "trial " << trial;
  }
}

TEST(Sampler, DrawIsTheInverseCdfOverAscendingIds) {
  // Weights 1/4, 1/2, 1/4 in exact arithmetic.
  const std::vector<float> logits = {0.0F, -kInf, std::log(2.0F), 0.0F};
  SamplerScratch scratch;
  sampling::select_candidates(logits, SamplingParams{}, scratch);
  EXPECT_EQ(sampling::draw(scratch, 0.0F), 0);
  EXPECT_EQ(sampling::draw(scratch, 0.249F), 0);
  EXPECT_EQ(sampling::draw(scratch, 0.251F), 2);
  EXPECT_EQ(sampling::draw(scratch, 0.749F), 2);
  EXPECT_EQ(sampling::draw(scratch, 0.751F), 3);
  EXPECT_EQ(sampling::draw(scratch, 1.0F - 0x1p-24F), 3);
}

/// Pearson's chi-square of `counts` against `probabilities`.
double chi_square(const std::vector<int>& counts, const std::vector<double>& probabilities) {
  const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = n * probabilities[i];
    if (expected == 0) {
      EXPECT_EQ(counts[i], 0) << "token " << i;
      continue;
    }
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return sum;
}

/// The quantile that a chi-square variable exceeds with probability 1e-6 (z = 4.753), by Wilson and
/// Hilferty's cube-root normal approximation.
double chi_square_bound(double degrees) {
  const double a = 2.0 / (9.0 * degrees);
  return degrees * std::pow(1.0 - a + 4.753 * std::sqrt(a), 3.0);
}

TEST(Sampler, FrequenciesFollowTheSoftmaxAtEachTemperature) {
  for (const float temperature : {0.5F, 1.0F, 2.0F}) {
    Row row{.logits = random_logits(3, 20)};
    row.params.temperature = temperature;
    row.params.seed = 99;
    std::vector<double> probabilities(20);
    double total = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      total += probabilities[i] = std::exp(static_cast<double>(row.logits[i] / temperature));
    }
    for (double& p : probabilities) p /= total;
    std::vector<int> counts(20);
    SamplerScratch scratch;
    for (int i = 0; i < 50000; ++i) {
      ++counts[static_cast<std::size_t>(row.sample(scratch).value().id)];
      row.tokens.push_back(0);
      if (row.tokens.size() == 500) {
        row.tokens.clear();
        ++row.params.seed;
      }
    }
    EXPECT_LT(chi_square(counts, probabilities), chi_square_bound(19)) << temperature;
  }
}

TEST(Sampler, FrequenciesUnderTopKAreThoseOfTheRenormalisedRest) {
  Row row{.logits = {0, 1, 2, 1.5F, -1}};
  row.params.top_k = 3;
  std::vector<int> counts(5);
  for (row.params.seed = 0; row.params.seed < 30000; ++row.params.seed) {
    ++counts[static_cast<std::size_t>(row.id())];
  }
  const double total = std::exp(1.0) + std::exp(2.0) + std::exp(1.5);
  EXPECT_LT(chi_square(counts,
                       {0, std::exp(1.0) / total, std::exp(2.0) / total, std::exp(1.5) / total, 0}),
            chi_square_bound(2));
}

TEST(Sampler, ResultDependsOnNothingButItsArguments) {
  SamplerScratch used;
  Row other{.logits = random_logits(1, 700), .tokens = {1, 2, 3, 3}, .prompt_tokens = 2};
  other.params.top_p = 0.5F;
  other.params.presence_penalty = 1.0F;
  other.params.frequency_penalty = 1.0F;
  other.params.repetition_penalty = 2.0F;
  for (std::uint32_t trial = 0; trial < 200; ++trial) {
    Row row{.logits = random_logits(trial, 500), .tokens = {4, 9, 4}, .prompt_tokens = 1};
    row.params.seed = trial;
    row.params.top_k = static_cast<std::int32_t>(trial % 7 * 10);
    row.params.frequency_penalty = trial % 2 == 0 ? 0.0F : 1.5F;
    row.params.logprobs = true;
    row.params.top_logprobs = 4;
    const SampledToken fresh = row.sample().value();
    EXPECT_TRUE(other.sample(used));
    const SampledToken again = row.sample(used).value();
    EXPECT_EQ(fresh.id, again.id);
    EXPECT_EQ(fresh.logprob.logprob, again.logprob.logprob);
    EXPECT_EQ(fresh.top.size(), again.top.size());
  }
}

TEST(Sampler, TruncationThatKeepsEverythingChangesNothing) {
  for (std::uint32_t trial = 0; trial < 100; ++trial) {
    Row row{.logits = random_logits(trial, 300)};
    row.params.seed = trial;
    const TokenId plain = row.id();
    row.params.top_k = 300;
    EXPECT_EQ(row.id(), plain);
    row.params.top_k = 0;
    row.params.min_p = 1e-6F;
    EXPECT_EQ(row.id(), plain);
    row.params.min_p = 0;
    row.params.top_p = std::nextafter(1.0F, 0.0F);
    EXPECT_EQ(row.id(), plain);
  }
}

TEST(Sampler, TinyTemperatureIsGreedy) {
  Row row{.logits = random_logits(5, 100)};
  row.params.temperature = 0;
  const TokenId greedy = row.id();
  row.params.temperature = std::numeric_limits<float>::denorm_min();
  for (row.params.seed = 0; row.params.seed < 50; ++row.params.seed) EXPECT_EQ(row.id(), greedy);
}

TEST(Sampler, NoScratchGrowsInSteadyState) {
  SamplerScratch scratch;
  Row row{.logits = random_logits(5, 1000), .tokens = {1, 2}, .prompt_tokens = 1};
  row.params.top_p = 0.9F;
  row.params.repetition_penalty = 1.1F;
  row.params.min_p = 0.001F;
  EXPECT_TRUE(row.sample(scratch));
  const void* before[] = {scratch.logits.data(), scratch.candidates.data(), scratch.weights.data(),
                          scratch.boundary.data(), scratch.counts.data()};
  for (row.params.seed = 0; row.params.seed < 100; ++row.params.seed) {
    row.params.top_k = row.params.seed % 2 == 0 ? 0 : 50;
    EXPECT_TRUE(row.sample(scratch));
  }
  const void* after[] = {scratch.logits.data(), scratch.candidates.data(), scratch.weights.data(),
                         scratch.boundary.data(), scratch.counts.data()};
  EXPECT_TRUE(std::equal(std::begin(before), std::end(before), std::begin(after)));
}

TEST(Sampler, RefusesLogitsThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ((Row{.logits = {0, nan, 1}}.sample().error()), "the logit of token 1 is not a number");
  EXPECT_EQ((Row{.logits = {0, 1, kInf}}.sample().error()), "the logit of token 2 is infinite");
  EXPECT_EQ((Row{.logits = {-kInf, -kInf}}.sample().error()), "every logit is minus infinity");
  EXPECT_EQ((Row{.logits = {}}.sample().error()), "every logit is minus infinity");
  EXPECT_TRUE((Row{.logits = {-kInf, 0}}.sample()));
  SamplerScratch scratch;
  EXPECT_FALSE(score_token(std::vector<float>{0, nan}, 0, 0, scratch));
}

}  // namespace
}  // namespace quire::engine
