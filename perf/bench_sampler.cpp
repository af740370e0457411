// Time to sample one row of a 151,936-token vocabulary. Usage: bench_sampler [--benchmark_...]
#include <benchmark/benchmark.h>

#include <iostream>
#include <random>

#include "engine/sampler.h"
#include "tools/machine.h"

namespace {

using quire::engine::SamplingParams;

void sample(benchmark::State& state, const SamplingParams& base) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(0.0F, 2.5F);
  std::vector<float> logits(151'936);
  for (float& logit : logits) logit = normal(generator);
  const std::vector<quire::engine::TokenId> tokens(1000, 7);
  SamplingParams params = base;
  quire::engine::SamplerScratch scratch;
  for (auto _ : state) {
    ++params.seed;
    const auto token = quire::engine::sample_token(
        {.logits = logits, .tokens = tokens, .prompt_tokens = 500, .params = &params}, scratch);
    benchmark::DoNotOptimize(token.value().id);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  std::cout << quire::tools::machine_name() << ", " << quire::tools::build_name() << "\n";
  using Change = void (*)(SamplingParams&);
  const std::pair<const char*, Change> rows[] = {
      {"greedy", [](SamplingParams& p) { p.temperature = 0; }},
      {"temperature 0.8", [](SamplingParams& p) { p.temperature = 0.8F; }},
      {"top_k 50", [](SamplingParams& p) { p.top_k = 50; }},
      {"top_p 0.95", [](SamplingParams& p) { p.top_p = 0.95F; }},
      {"min_p 0.05", [](SamplingParams& p) { p.min_p = 0.05F; }},
      {"repetition_penalty 1.1", [](SamplingParams& p) { p.repetition_penalty = 1.1F; }},
      {"greedy, 5 logprobs",
       [](SamplingParams& p) {
         p.temperature = 0;
         p.logprobs = true;
         p.top_logprobs = 5;
       }},
  };
  for (const auto& [name, change] : rows) {
    SamplingParams params;
    change(params);
    benchmark::RegisterBenchmark(name, [params](benchmark::State& state) {
      sample(state, params);
    })->Unit(benchmark::kMicrosecond);
  }
  benchmark::RunSpecifiedBenchmarks();
}
