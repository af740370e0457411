// The whole scheduler over more than a million steps. A failing scenario prints the line that
// repeats it: QUIRE_SIM_SEED=<seed> <this program> --gtest_filter=<test>.
#include "simulation.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace quire::scheduler::testing {
namespace {

// Of each profile. The build gives fewer under sanitizers, which slow a step down about tenfold;
// QUIRE_SIM_STEPS in the environment overrides both.
constexpr std::uint64_t kStepsPerProfile = QUIRE_SIM_STEPS_PER_PROFILE;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

std::string repetition(std::uint64_t seed) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return "QUIRE_SIM_SEED=" + std::to_string(seed) +
         " bin/scheduler_simulation_test --gtest_filter=" + test->test_suite_name() + "." +
         test->name();
}

struct Sums {
  std::uint64_t scenarios = 0, steps = 0, preemptions = 0, prefix_hits = 0;
};

Sums simulate(const Profile& profile) {
  Sums sums;
  const auto play = [&](std::uint64_t seed) {
    Simulation simulation(profile, seed);
    const std::string wrong = simulation.run();
    EXPECT_EQ(wrong, "") << "repeat with: " << repetition(seed);
    ++sums.scenarios;
    sums.steps += simulation.steps();
    sums.preemptions += simulation.preemptions();
    sums.prefix_hits += simulation.prefix_hits();
  };
  if (const std::uint64_t seed = number_from_environment("QUIRE_SIM_SEED", 0)) {
    play(seed);
    return sums;
  }
  const std::uint64_t enough = number_from_environment("QUIRE_SIM_STEPS", kStepsPerProfile);
  for (std::uint64_t seed = 1; sums.steps < enough && !::testing::Test::HasFailure(); ++seed) {
    play(seed);
  }
  std::printf(
      "%s: %llu scenarios, %llu steps, %llu preemptions, %llu tokens from the prefix cache\n",
      profile.name, static_cast<unsigned long long>(sums.scenarios),
      static_cast<unsigned long long>(sums.steps),
      static_cast<unsigned long long>(sums.preemptions),
      static_cast<unsigned long long>(sums.prefix_hits));
  return sums;
}

TEST(Simulation, AnswersAreThoseAloneInTinyPools) {
  simulate({.name = "tiny pools", .max_blocks = 14, .max_prompt = 90});
}

TEST(Simulation, AnswersAreThoseAloneUnderPreemption) {
  const Sums sums = simulate({.name = "preemption",
                              .max_blocks = 30,
                              .max_prompt = 30,
                              .max_output = 300,
                              .cancel = 0.003,
                              .prefix_cache = 0.5});
  EXPECT_GT(sums.preemptions, sums.scenarios);
}

TEST(Simulation, AnswersAreThoseAloneWhenPrefixesAreShared) {
  const Sums sums = simulate({.name = "shared prefixes",
                              .max_blocks = 80,
                              .max_budget = 130,
                              .max_running = 24,
                              .shares_prefix = 0.95,
                              .burst = 0.6,
                              .prefix_cache = 1.0});
  EXPECT_GT(sums.prefix_hits, 0U);
}

TEST(Simulation, FailuresHitOnlyTheirOwnSequences) {
  simulate({.name = "failures",
            .burst = 0.4,
            .cancel = 0.05,
            .failed_step = 0.02,
            .poisoned_row = 0.03,
            .prefix_cache = 0.9});
}

TEST(Simulation, CollidingHashesNeverMixAnswers) {
  simulate({.name = "colliding hashes",
            .max_blocks = 60,
            .shares_prefix = 0.8,
            .burst = 0.4,
            .failed_step = 0.005,
            .prefix_cache = 1.0,
            .colliding_hash = 1.0});
}

}  // namespace
}  // namespace quire::scheduler::testing
