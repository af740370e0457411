#include "tools/bench/report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tools/bench/statistics.h"

namespace quire::tools::bench {
namespace {

using nlohmann::ordered_json;

/// Milliseconds of every successful request (of every gap for itl).
std::map<std::string, std::vector<double>> latencies(const LoadOutcome& outcome) {
  std::map<std::string, std::vector<double>> ms;
  for (const RequestOutcome& r : outcome.requests) {
    if (!r.success) continue;
    ms["ttft"].push_back(r.ttft * 1e3);
    ms["e2el"].push_back(r.latency * 1e3);
    for (const double gap : r.itls) ms["itl"].push_back(gap * 1e3);
    if (r.output_tokens > 1) {
      ms["tpot"].push_back((r.latency - r.ttft) / (r.output_tokens - 1) * 1e3);
    }
  }
  return ms;
}

/// The most tokens that arrived, and the most requests that were open, in any second of the load.
struct Peaks {
  double tokens = 0;
  std::int64_t requests = 0;
};

Peaks find_peaks(const LoadOutcome& outcome) {
  std::map<std::int64_t, double> tokens;
  std::map<std::int64_t, std::int64_t> open;
  for (const RequestOutcome& r : outcome.requests) {
    if (!r.success) continue;
    double at = r.start + r.ttft;
    tokens[static_cast<std::int64_t>(at)] += 1;
    for (const double gap : r.itls) tokens[static_cast<std::int64_t>(at += gap)] += 1;
    const auto last = static_cast<std::int64_t>(r.start + r.latency);
    for (auto second = static_cast<std::int64_t>(r.start); second <= last; ++second) ++open[second];
  }
  Peaks peaks;
  for (const auto& [second, count] : tokens) peaks.tokens = std::max(peaks.tokens, count);
  for (const auto& [second, count] : open) peaks.requests = std::max(peaks.requests, count);
  return peaks;
}

std::string percentile_name(double percent) {
  return fmt::format("p{:g}", percent);
}

void add_totals(const LoadOutcome& outcome, ordered_json& report) {
  std::int64_t completed = 0;
  std::int64_t input = 0;
  std::int64_t output = 0;
  for (const RequestOutcome& r : outcome.requests) {
    if (!r.success) continue;
    ++completed;
    input += r.prompt_tokens;
    output += r.output_tokens;
  }
  const auto rate = [&outcome](std::int64_t count) {
    return outcome.duration > 0 ? static_cast<double>(count) / outcome.duration : 0.0;
  };
  const Peaks peaks = find_peaks(outcome);
  report["duration"] = outcome.duration;
  report["completed"] = completed;
  report["failed"] = static_cast<std::int64_t>(outcome.requests.size()) - completed;
  report["total_input_tokens"] = input;
  report["total_output_tokens"] = output;
  report["request_throughput"] = rate(completed);
  report["request_goodput"] = nullptr;
  report["output_throughput"] = rate(output);
  report["total_token_throughput"] = rate(input + output);
  report["max_output_tokens_per_s"] = peaks.tokens;
  report["max_concurrent_requests"] = peaks.requests;
}

void add_details(const LoadOutcome& outcome, ordered_json& report) {
  for (const char* name :
       {"input_lens", "output_lens", "ttfts", "itls", "start_times", "generated_texts", "errors"}) {
    report[name] = ordered_json::array();
  }
  for (const RequestOutcome& r : outcome.requests) {
    report["input_lens"].push_back(r.prompt_tokens);
    report["output_lens"].push_back(r.output_tokens);
    report["ttfts"].push_back(r.ttft);
    report["itls"].push_back(r.itls);
    report["start_times"].push_back(r.start);
    report["generated_texts"].push_back(r.text);
    report["errors"].push_back(r.error);
  }
}

}  // namespace

ordered_json make_report(const LoadOutcome& outcome, const ReportOptions& options) {
  ordered_json report;
  report["date"] = options.date;
  report["endpoint_type"] = options.backend;
  report["backend"] = options.backend;
  report["label"] = options.label.empty() ? ordered_json(nullptr) : ordered_json(options.label);
  report["model_id"] = options.model_id;
  report["tokenizer_id"] = options.model_id;
  report["num_prompts"] = outcome.requests.size();
  report["request_rate"] = "inf";
  report["burstiness"] = 1.0;
  report["max_concurrency"] =
      options.max_concurrency > 0 ? ordered_json(options.max_concurrency) : ordered_json(nullptr);
  add_totals(outcome, report);
  std::map<std::string, std::vector<double>> ms = latencies(outcome);
  for (const std::string& metric : options.percentile_metrics) {
    const std::vector<double>& values = ms[metric];
    const std::string end = "_" + metric + "_ms";
    report["mean" + end] = mean(values);
    report["median" + end] = percentile(values, 50);
    report["std" + end] = standard_deviation(values);
    for (const double percent : options.metric_percentiles) {
      report[percentile_name(percent) + end] = percentile(values, percent);
    }
  }
  if (options.detailed) add_details(outcome, report);
  return report;
}

std::string describe_report(const ordered_json& report, const ReportOptions& options) {
  std::string out = "============ Serving benchmark result ============\n";
  const auto line = [&out, &report](const char* label, const std::string& field) {
    const ordered_json& value = report[field];
    out += value.is_number_float() ? fmt::format("{:<36}{:>14.2f}\n", label, value.get<double>())
                                   : fmt::format("{:<36}{:>14}\n", label, value.dump());
  };
  line("Successful requests:", "completed");
  line("Failed requests:", "failed");
  line("Maximum request concurrency:", "max_concurrency");
  line("Benchmark duration (s):", "duration");
  line("Total input tokens:", "total_input_tokens");
  line("Total output tokens:", "total_output_tokens");
  line("Request throughput (req/s):", "request_throughput");
  line("Output token throughput (tok/s):", "output_throughput");
  line("Peak output tokens (tok/s):", "max_output_tokens_per_s");
  line("Total token throughput (tok/s):", "total_token_throughput");
  const std::map<std::string, std::string> titles{
      {"ttft", "Time to first token"},
      {"tpot", "Time per output token (after the first)"},
      {"itl", "Inter-token latency"},
      {"e2el", "End-to-end latency"}};
  for (const std::string& metric : options.percentile_metrics) {
    out += fmt::format("--- {} ---\n", titles.at(metric));
    std::vector<std::string> figures{"mean", "median", "std"};
    for (const double percent : options.metric_percentiles) {
      figures.push_back(percentile_name(percent));
    }
    for (const std::string& figure : figures) {
      const std::string label = figure + " " + metric + " (ms):";
      line(label.c_str(), figure + "_" + metric + "_ms");
    }
  }
  return out;
}

}  // namespace quire::tools::bench
