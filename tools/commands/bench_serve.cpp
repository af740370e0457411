// `quire bench serve`: load on any OpenAI-compatible server, and what its clients felt. Option
// names and result fields are those of `vllm bench serve`.
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/bench/dataset.h"
#include "tools/bench/load.h"
#include "tools/bench/prompts.h"
#include "tools/bench/report.h"
#include "tools/bench/target.h"
#include "tools/commands.h"
#include "tools/progress_bar.h"

namespace quire::tools {
namespace {

using nlohmann::ordered_json;

struct BenchOptions {
  bench::DatasetOptions dataset;
  std::string base_url = "http://127.0.0.1:8000";
  std::string endpoint = "/v1/completions";
  std::string model;
  std::string api_key;
  std::string request_rate = "inf";
  std::int32_t max_concurrency = 0;
  std::int32_t num_warmups = 0;
  bool ignore_eos = false;
  double temperature = 0;
  std::string percentile_metrics = "ttft,tpot,itl,e2el";
  std::string metric_percentiles = "50,90,99";
  std::string label;
  bool save_result = false;
  bool save_detailed = false;
  std::string result_dir;
  std::string result_filename;
  bool disable_progress = false;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

std::optional<double> parse_percent(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || !(value >= 0 && value <= 100)) return std::nullopt;
  return value;
}

std::string check_percentiles(const std::string& text) {
  for (const std::string& part : split(text)) {
    if (!parse_percent(part)) return "\"" + part + "\" is no percentile between 0 and 100";
  }
  return split(text).empty() ? "needs a percentile" : "";
}

std::string check_metrics(const std::string& text) {
  for (const std::string& part : split(text)) {
    if (part != "ttft" && part != "tpot" && part != "itl" && part != "e2el") {
      return "\"" + part + "\" is none of ttft, tpot, itl, e2el";
    }
  }
  return split(text).empty() ? "needs a metric" : "";
}

std::string check_rate(const std::string& text) {
  return text == "inf" ? "" : "only inf (closed loop) is supported, not " + text;
}

bench::ReportOptions report_options(const BenchOptions& o, const std::string& model) {
  bench::ReportOptions report;
  const std::time_t now = std::time(nullptr);
  report.date = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(now));
  report.backend = o.endpoint == "/v1/completions" ? "openai" : "openai-chat";
  report.label = o.label;
  report.model_id = model;
  report.max_concurrency = o.max_concurrency;
  report.percentile_metrics = split(o.percentile_metrics);
  for (const std::string& part : split(o.metric_percentiles)) {
    report.metric_percentiles.push_back(*parse_percent(part));
  }
  report.detailed = o.save_detailed;
  return report;
}

/// vLLM's pattern: BACKEND-infqps[-concurrencyN]-MODEL-DATE.json.
std::filesystem::path result_path(const BenchOptions& o, const bench::ReportOptions& report) {
  if (!o.result_filename.empty()) return std::filesystem::path(o.result_dir) / o.result_filename;
  std::string model = report.model_id;
  std::replace(model.begin(), model.end(), '/', '-');
  const std::string clients =
      o.max_concurrency > 0 ? fmt::format("-concurrency{}", o.max_concurrency) : "";
  return std::filesystem::path(o.result_dir) /
         fmt::format("{}-infqps{}-{}-{}.json", report.backend, clients, model, report.date);
}

void save(const std::filesystem::path& path, const ordered_json& report) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path);
  out << report.dump(1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
  out.close();
  if (!out) throw bench::BenchError("--result-filename " + path.string() + ": cannot be written");
  std::printf("result: %s\n", path.c_str());
}

bench::LoadOutcome run(const BenchOptions& o, const bench::Target& target,
                       const std::vector<bench::LoadRequest>& requests, const char* label) {
  ProgressBar bar(label, o.disable_progress);
  const auto clients =
      o.max_concurrency > 0 ? o.max_concurrency : static_cast<std::int32_t>(requests.size());
  return bench::run_load(target,
                         {.endpoint = o.endpoint,
                          .clients = clients,
                          .on_done =
                              [&bar, &requests](std::size_t done) {
                                bar.show(done, requests.size(),
                                         fmt::format("{}/{}", done, requests.size()));
                              }},
                         requests);
}

void warm_up(const BenchOptions& o, const bench::Target& target, const bench::PromptMaker& maker,
             const std::string& model) {
  if (o.num_warmups == 0) return;
  bench::DatasetOptions dataset = o.dataset;
  dataset.num_prompts = o.num_warmups;
  dataset.seed = ~o.dataset.seed;  // other prompts: the measured ones stay cold
  const auto requests = maker.make(
      dataset, {.model = model, .ignore_eos = o.ignore_eos, .temperature = o.temperature});
  run(o, target, requests, "warming up");
}

int bench_serve(const BenchOptions& o) {
  bench::Target target = bench::parse_base_url(o.base_url);
  target.api_key = o.api_key;
  const std::string model = o.model.empty() ? bench::first_model(target) : o.model;
  const bench::PromptMaker maker(target, model, o.endpoint);
  std::fprintf(stderr, "model %s, prompts of %s\n", model.c_str(), maker.describe().c_str());
  const auto requests = maker.make(
      o.dataset, {.model = model, .ignore_eos = o.ignore_eos, .temperature = o.temperature});
  warm_up(o, target, maker, model);
  const bench::LoadOutcome outcome = run(o, target, requests, "requests");
  const bench::ReportOptions options = report_options(o, model);
  const ordered_json report = bench::make_report(outcome, options);
  std::fputs(bench::describe_report(report, options).c_str(), stdout);
  for (const bench::RequestOutcome& request : outcome.requests) {
    if (request.success) continue;
    std::fprintf(stderr, "first failure: %s\n", request.error.c_str());
    break;
  }
  if (o.save_result || o.save_detailed) save(result_path(o, options), report);
  return report["failed"] == 0 ? 0 : 1;
}

void add_dataset_options(CLI::App& command, bench::DatasetOptions& d) {
  constexpr std::int32_t kLongest = 1 << 24;
  const auto length = [&command](const char* name, std::int32_t& value, const char* text,
                                 int least) {
    command.add_option(name, value, text)->check(CLI::Range(least, kLongest));
  };
  command
      .add_option("--dataset-name,--dataset", d.name,
                  "random, or prefix_repetition (few prefixes, many suffixes).")
      ->check(CLI::IsMember({"random", "prefix_repetition"}));
  length("--num-prompts", d.num_prompts, "Requests to send.", 1);
  command.add_option("--seed", d.seed, "Same seed, same prompts.");
  length("--random-input-len", d.random_input_len, "random: tokens of a prompt.", 1);
  length("--random-output-len", d.random_output_len, "random: tokens of an answer.", 1);
  length("--random-prefix-len", d.random_prefix_len,
         "random: tokens in front that all prompts share.", 0);
  command
      .add_option("--random-range-ratio", d.random_range_ratio,
                  "random: lengths are uniform in [len*(1-r), len*(1+r)].")
      ->check(CLI::Range(0.0, 0.999));
  length("--prefix-repetition-prefix-len", d.prefix_repetition_prefix_len,
         "prefix_repetition: tokens of a prefix.", 0);
  length("--prefix-repetition-suffix-len", d.prefix_repetition_suffix_len,
         "prefix_repetition: tokens after it.", 1);
  length("--prefix-repetition-num-prefixes", d.prefix_repetition_num_prefixes,
         "prefix_repetition: different prefixes.", 1);
  length("--prefix-repetition-output-len", d.prefix_repetition_output_len,
         "prefix_repetition: tokens of an answer.", 1);
}

void add_target_options(CLI::App& command, BenchOptions& o) {
  command.add_option("--base-url", o.base_url, "The server, http://HOST:PORT.");
  command.add_option("--endpoint", o.endpoint, "What is called.")
      ->check(CLI::IsMember({"/v1/completions", "/v1/chat/completions"}));
  command.add_option("--model", o.model, "Model to name. Default: the first of /v1/models.");
  command.add_option("--api-key", o.api_key, "Key to send. Default: none.")
      ->envname("QUIRE_API_KEY");
  command.add_option("--max-concurrency", o.max_concurrency, "Requests at once; 0 = all of them.")
      ->check(CLI::Range(0, 1 << 16));
  command
      .add_option("--request-rate", o.request_rate,
                  "Only inf: the next request starts when one has ended.")
      ->check(CLI::Validator(check_rate, "inf"));
  command.add_option("--num-warmups", o.num_warmups, "Requests before the measurement.")
      ->check(CLI::Range(0, 1 << 20));
  command.add_flag("--ignore-eos", o.ignore_eos, "Ask for answers of full length.");
  command.add_option("--temperature", o.temperature, "Of the sampling; 0 = greedy.")
      ->check(CLI::Range(0.0, 100.0));
}

void add_result_options(CLI::App& command, BenchOptions& o) {
  command.add_option("--percentile-metrics", o.percentile_metrics, "Of ttft, tpot, itl, e2el.")
      ->check(CLI::Validator(check_metrics, "LIST"));
  command.add_option("--metric-percentiles", o.metric_percentiles, "Percentiles to report.")
      ->check(CLI::Validator(check_percentiles, "LIST"));
  command.add_option("--label", o.label, "A text for the result file. Default: none.");
  command.add_flag("--save-result", o.save_result, "Write the result as JSON.");
  command.add_flag("--save-detailed", o.save_detailed, "The same, with every request's figures.");
  command.add_option("--result-dir", o.result_dir,
                     "Folder of the result. Default: the current one.");
  command.add_option("--result-filename", o.result_filename,
                     "Its name. Default: made of backend, model, date.");
  command.add_flag("--disable-tqdm,--no-progress", o.disable_progress, "No progress bar.");
}

}  // namespace

void add_bench_serve_command(CLI::App& bench, Action& chosen) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = bench.add_subcommand(
      "serve", "Closed-loop load on any OpenAI-compatible server; every answer is streamed.");
  add_target_options(*command, *options);
  add_dataset_options(*command, options->dataset);
  add_result_options(*command, *options);
  command->callback([&chosen, options] { chosen = [options] { return bench_serve(*options); }; });
}

}  // namespace quire::tools
