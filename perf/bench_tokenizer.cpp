// Tokenizer speed. Usage: bench_tokenizer [--benchmark_...] TOKENIZER_FOLDER TEXT_FILE
// Encode counts bytes of text per second; decode and detokenize count tokens per second.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/detokenizer.h"
#include "engine/model_files.h"
#include "engine/tokenizer.h"
#include "tools/machine.h"

namespace {

using quire::engine::Detokenizer;
using quire::engine::ModelFiles;
using quire::engine::TokenId;
using quire::engine::Tokenizer;

void load(benchmark::State& state, const std::string& folder) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Tokenizer(ModelFiles::from_folder(folder)).vocab_size());
  }
}

void encode(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text) {
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(text).data());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void decode(benchmark::State& state, const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.decode(ids).data());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ids.size()));
}

void detokenize(benchmark::State& state, const Tokenizer& tokenizer,
                const std::vector<TokenId>& ids) {
  for (auto _ : state) {
    Detokenizer detokenizer(tokenizer);
    for (const TokenId id : ids) benchmark::DoNotOptimize(detokenizer.push(id).data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ids.size()));
}

int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 3) {
    std::cerr << "usage: bench_tokenizer TOKENIZER_FOLDER TEXT_FILE\n";
    return EXIT_FAILURE;
  }
  const std::string folder = argv[1];
  std::ifstream file(argv[2]);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const Tokenizer tokenizer(ModelFiles::from_folder(folder));
  const std::vector<TokenId> ids = tokenizer.encode(text);
  std::cout << quire::tools::machine_name() << "; " << quire::tools::build_name() << '\n'
            << folder << ": " << tokenizer.vocab_size() << " ids; " << argv[2] << ": "
            << text.size() << " bytes, " << ids.size() << " tokens\n";
  const std::string run_of_a(1'000'000, 'a');
  benchmark::RegisterBenchmark("load", [&](benchmark::State& s) { load(s, folder); });
  benchmark::RegisterBenchmark("encode", [&](benchmark::State& s) { encode(s, tokenizer, text); });
  benchmark::RegisterBenchmark("encode/one_word_of_1MB",
                               [&](benchmark::State& s) { encode(s, tokenizer, run_of_a); });
  benchmark::RegisterBenchmark("decode", [&](benchmark::State& s) { decode(s, tokenizer, ids); });
  benchmark::RegisterBenchmark("detokenize",
                               [&](benchmark::State& s) { detokenize(s, tokenizer, ids); });
  benchmark::RunSpecifiedBenchmarks();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "bench_tokenizer: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
