// What a load's outcomes say: throughput and latency figures, as JSON with the field names of
// `vllm bench serve` and as a table for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tools/bench/load.h"

namespace quire::tools::bench {

struct ReportOptions {
  std::string date = "";     // "20260131-120000"
  std::string backend = "";  // openai, openai-chat
  std::string label = "";    // "" = null
  std::string model_id = "";
  std::int32_t max_concurrency = 0;               // 0 = null
  std::vector<std::string> percentile_metrics{};  // of ttft, tpot, itl, e2el
  std::vector<double> metric_percentiles{};       // in [0, 100]
  bool detailed = false;                          // per-request fields too
};

nlohmann::ordered_json make_report(const LoadOutcome& outcome, const ReportOptions& options);

/// The report's figures, one per line.
std::string describe_report(const nlohmann::ordered_json& report, const ReportOptions& options);

}  // namespace quire::tools::bench
