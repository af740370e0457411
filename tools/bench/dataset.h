// Prompts of a benchmark: how long each is and how they share prefixes, drawn from a seed. What the
// lengths are made of (token ids, words) is the caller's pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quire::tools::bench {

/// Names and meanings of vLLM's `bench serve`.
struct DatasetOptions {
  std::string name = "random";  // random, prefix_repetition
  std::int32_t num_prompts = 1000;
  std::uint64_t seed = 0;
  std::int32_t random_input_len = 1024;
  std::int32_t random_output_len = 128;
  std::int32_t random_prefix_len = 0;  // shared by all prompts, in front of the input
  double random_range_ratio = 0.0;     // lengths are uniform in [len * (1 - r), len * (1 + r)]
  std::int32_t prefix_repetition_prefix_len = 256;
  std::int32_t prefix_repetition_suffix_len = 256;
  std::int32_t prefix_repetition_num_prefixes = 10;
  std::int32_t prefix_repetition_output_len = 128;
};

struct PromptPlan {
  std::vector<std::uint32_t> units;  // indices into the pool
  std::int32_t output_len = 0;
};

/// The same options and pool size give the same plans on every machine. REQUIRES: pool >= 1.
std::vector<PromptPlan> plan_prompts(const DatasetOptions& options, std::uint32_t pool);

}  // namespace quire::tools::bench
