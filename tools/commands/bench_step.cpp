// `quire bench step`: whole model steps in this process, without HTTP and scheduler.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/bench/step_bench.h"
#include "tools/bench/step_report.h"
#include "tools/bench/target.h"
#include "tools/byte_size.h"
#include "tools/commands.h"
#include "tools/engine_options.h"
#include "tools/progress_bar.h"

namespace quire::tools {
namespace {

struct BenchStepOptions {
  EngineOptions engine;
  bench::StepBenchOptions bench;
  std::string prefill = "128,512";
  std::string sequences = "1,8,32";
  std::string contexts = "128,1024";
  std::string json;
  bool no_progress = false;
  bool prefill_chosen = false;  // on the command line: what does not fit is refused
  bool contexts_chosen = false;
};

std::string check_sizes(const std::string& text, std::int32_t most) {
  if (bench::parse_sizes(text, most)) return {};
  return fmt::format("\"{}\" is neither none nor numbers from 1 to {} with commas", text, most);
}

std::vector<bench::StepCase> cases_of(const BenchStepOptions& o) {
  bench::StepLists lists;
  lists.prefill = bench::parse_sizes(o.prefill, bench::kLongestContext).value();
  lists.sequences = bench::parse_sizes(o.sequences, bench::kMostSequences).value();
  lists.contexts = bench::parse_sizes(o.contexts, bench::kLongestContext).value();
  lists.optional_prefill = !o.prefill_chosen;
  lists.optional_contexts = !o.contexts_chosen;
  return bench::make_cases(lists);
}

/// Opened before the work: a path that cannot be written is refused at once.
class ResultFile {
 public:
  explicit ResultFile(const std::string& path) : path_(path) {
    if (path_.empty()) return;
    out_.open(path_);
    check();
  }
  void write(const nlohmann::ordered_json& report) {
    if (path_.empty()) return;
    out_ << report.dump(1) << '\n';
    out_.close();
    check();
  }

 private:
  void check() const {
    if (!out_) throw bench::BenchError("--json " + path_ + ": cannot be written");
  }

  std::string path_;
  std::ofstream out_;
};

int bench_step(const BenchStepOptions& o) {
  ResultFile file(o.json);
  auto loading = std::make_unique<ProgressBar>("loading", o.no_progress);
  bench::StepBench bench(o.engine, o.bench, cases_of(o),
                         [&loading](std::size_t done, std::size_t total) {
                           loading->show(done, total, format_byte_size(total));
                         });
  loading.reset();
  const nlohmann::ordered_json description = bench::describe_bench(bench, o.engine, o.bench);
  std::fputs(bench::describe_lines(description).c_str(), stdout);
  for (const bench::StepCase& step : bench.left_out()) {
    std::printf("left out  %s: the model was made for %d tokens\n", step.describe().c_str(),
                bench.model().summary().max_positions);
  }
  std::fflush(stdout);
  auto measuring = std::make_unique<ProgressBar>("measuring", o.no_progress);
  const std::vector<bench::StepFigures> figures =
      bench.run([&measuring](std::size_t done, std::size_t total) {
        measuring->show(done, total, fmt::format("{}/{}", done, total));
      });
  measuring.reset();
  const nlohmann::ordered_json report = bench::make_step_report(description, figures);
  std::printf("\n%s%s", bench::step_table(report).c_str(), bench::profile_tables(report).c_str());
  file.write(report);
  return 0;
}

void add_case_options(CLI::App& command, BenchStepOptions& o) {
  const auto list = [&command](const char* name, std::string& value, std::int32_t most,
                               const char* text) {
    command.add_option(name, value, text)
        ->check(CLI::Validator([most](const std::string& v) { return check_sizes(v, most); },
                               "LIST"));
  };
  list("--prefill", o.prefill, bench::kLongestContext,
       "Lengths of prompts to compute from an empty context: numbers with commas, or none.");
  list("--sequences", o.sequences, bench::kMostSequences,
       "Sequences that decode together, one token each: numbers with commas, or none.");
  list("--contexts", o.contexts, bench::kLongestContext,
       "Positions that each decoding sequence attends to; every one with every --sequences.");
  command
      .add_option("--max-num-batched-tokens", o.bench.max_batch_tokens,
                  "Rows of one step: longer prompts are computed in chunks of so many.")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--temperature", o.bench.temperature, "Of the sampling; 0 = greedy.")
      ->check(CLI::Range(0.0, 100.0));
}

}  // namespace

void add_bench_step_command(CLI::App& bench, Action& chosen) {
  const auto options = std::make_shared<BenchStepOptions>();
  CLI::App* command = bench.add_subcommand(
      "step", "Whole steps of a model, without HTTP: prefill and decode, against memory and time.");
  add_device_options(*command, options->engine);
  add_case_options(*command, *options);
  command->add_option("--runs", options->bench.runs, "Times that every case is measured.")
      ->check(CLI::Range(1, 10000));
  command->add_flag("--profile", options->bench.profile,
                    "Measure again with a clock around every op, and show where the time goes.");
  command->add_option("--json", options->json, "File for all figures. Default: none.");
  command->add_flag("--no-progress", options->no_progress, "No progress bar.");
  command->callback([&chosen, options, command] {
    options->prefill_chosen = command->count("--prefill") > 0;
    options->contexts_chosen = command->count("--contexts") > 0;
    if (cases_of(*options).empty()) {
      throw CLI::ValidationError("--prefill, --sequences, --contexts", "nothing to measure");
    }
    chosen = [options] { return bench_step(*options); };
  });
}

}  // namespace quire::tools
