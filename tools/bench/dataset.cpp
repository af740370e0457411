#include "tools/bench/dataset.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/invariant.h"

namespace quire::tools::bench {
namespace {

/// mt19937_64 is specified bit for bit; the standard distributions are not, hence own ones.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// Uniform in [0, bound); the bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

  std::vector<std::uint32_t> units(std::int32_t count, std::uint32_t pool) {
    std::vector<std::uint32_t> out(static_cast<std::size_t>(count));
    for (std::uint32_t& unit : out) unit = static_cast<std::uint32_t>(below(pool));
    return out;
  }

  std::int32_t length(std::int32_t center, double ratio) {
    const auto low = static_cast<std::int32_t>(std::floor(center * (1.0 - ratio)));
    const auto high = static_cast<std::int32_t>(std::ceil(center * (1.0 + ratio)));
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return std::max(1, low + static_cast<std::int32_t>(below(span)));
  }

 private:
  std::mt19937_64 engine_;
};

std::vector<PromptPlan> plan_random(const DatasetOptions& o, std::uint32_t pool) {
  Random random(o.seed);
  const std::vector<std::uint32_t> prefix = random.units(o.random_prefix_len, pool);
  std::vector<PromptPlan> plans(static_cast<std::size_t>(o.num_prompts));
  for (PromptPlan& plan : plans) {
    plan.units = prefix;
    const std::int32_t input = random.length(o.random_input_len, o.random_range_ratio);
    const std::vector<std::uint32_t> own = random.units(input, pool);
    plan.units.insert(plan.units.end(), own.begin(), own.end());
    plan.output_len = random.length(o.random_output_len, o.random_range_ratio);
  }
  return plans;
}

/// Prompt i has prefix i modulo the number of prefixes; the order is then shuffled.
std::vector<PromptPlan> plan_prefix_repetition(const DatasetOptions& o, std::uint32_t pool) {
  Random random(o.seed);
  std::vector<std::vector<std::uint32_t>> prefixes;
  for (std::int32_t i = 0; i < o.prefix_repetition_num_prefixes; ++i) {
    prefixes.push_back(random.units(o.prefix_repetition_prefix_len, pool));
  }
  std::vector<PromptPlan> plans(static_cast<std::size_t>(o.num_prompts));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    plans[i].units = prefixes[i % prefixes.size()];
    const auto suffix = random.units(o.prefix_repetition_suffix_len, pool);
    plans[i].units.insert(plans[i].units.end(), suffix.begin(), suffix.end());
    plans[i].output_len = o.prefix_repetition_output_len;
  }
  for (std::size_t i = plans.size(); i > 1; --i) {
    std::swap(plans[i - 1], plans[random.below(i)]);
  }
  return plans;
}

}  // namespace

std::vector<PromptPlan> plan_prompts(const DatasetOptions& options, std::uint32_t pool) {
  INVARIANT(pool >= 1, "prompts need something to be made of");
  return options.name == "random" ? plan_random(options, pool)
                                  : plan_prefix_repetition(options, pool);
}

}  // namespace quire::tools::bench
