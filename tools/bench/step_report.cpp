#include "tools/bench/step_report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/bench/statistics.h"
#include "tools/byte_size.h"
#include "tools/load_model.h"
#include "tools/machine.h"

namespace quire::tools::bench {
namespace {

using nlohmann::ordered_json;

/// In milliseconds.
ordered_json spread(const std::vector<double>& seconds) {
  const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
  ordered_json runs = ordered_json::array();
  for (const double second : seconds) runs.push_back(second * 1e3);
  return {{"median", percentile(seconds, 50) * 1e3},
          {"min", *least * 1e3},
          {"max", *most * 1e3},
          {"runs", std::move(runs)}};
}

double rate(double amount, double seconds) {
  return seconds > 0 ? amount / seconds : 0.0;
}

/// Where the time of a pass goes, ops without any left out.
ordered_json profile_of(const StepWork& work) {
  double total = 0;
  for (const OpWork& op : work) total += op.seconds;
  ordered_json profile = ordered_json::array();
  if (total <= 0) return profile;
  for (std::size_t i = 0; i < kStepOps; ++i) {
    const OpWork& op = work[i];
    if (op.seconds <= 0) continue;
    profile.push_back({{"op", name_of(static_cast<StepOp>(i))},
                       {"calls", op.calls},
                       {"ms", op.seconds * 1e3},
                       {"share", op.seconds / total},
                       {"bytes", op.bytes()},
                       {"operations", op.operations},
                       {"gb_per_s", rate(op.bytes(), op.seconds) * 1e-9},
                       {"gop_per_s", rate(op.operations, op.seconds) * 1e-9}});
  }
  return profile;
}

/// What the device's own clock says, the slowest kernel first.
ordered_json kernels_of(std::vector<kernels::KernelTime> times) {
  std::sort(times.begin(), times.end(),
            [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  ordered_json kernels = ordered_json::array();
  for (const kernels::KernelTime& time : times) {
    kernels.push_back({{"kernel", time.kernel},
                       {"launches", time.launches},
                       {"ms", time.seconds * 1e3}});
  }
  return kernels;
}

ordered_json report_case(const StepFigures& figures) {
  double weights = 0;
  double kv = 0;
  double operations = 0;
  for (std::size_t i = 0; i < kStepOps; ++i) {
    weights += figures.work[i].weight_bytes;
    operations += figures.work[i].operations;
    if (static_cast<StepOp>(i) == StepOp::attention) kv += figures.work[i].kv_bytes;
  }
  const double median = percentile(figures.seconds, 50);
  const StepCase& step = figures.step;
  ordered_json out{{"case", step.describe()},
                   {"kind", step.kind == StepCase::Kind::prefill ? "prefill" : "decode"},
                   {"sequences", step.sequences},
                   {"context", step.context},
                   {"tokens", step.tokens()},
                   {"passes_per_run", figures.passes},
                   {"ms", spread(figures.seconds)},
                   {"cpu_ms", spread(figures.cpu_seconds)},
                   {"tokens_per_s", rate(step.tokens(), median)},
                   {"weight_bytes", weights},
                   {"kv_bytes", kv},
                   {"operations", operations},
                   {"gb_per_s", rate(weights + kv, median) * 1e-9},
                   {"gop_per_s", rate(operations, median) * 1e-9}};
  ordered_json profile = profile_of(figures.work);
  if (!profile.empty()) out["profile"] = std::move(profile);
  if (!figures.kernels.empty()) out["kernels"] = kernels_of(figures.kernels);
  return out;
}

}  // namespace

ordered_json describe_bench(const StepBench& bench, const EngineOptions& engine,
                            const StepBenchOptions& options) {
  const engine::ModelSummary& summary = bench.model().summary();
  return {{"quire", QUIRE_VERSION},
          {"machine", machine_name()},
          {"device", bench.device()},
          {"build", build_name()},
          {"model",
           {{"name", model_name(engine)},
            {"type", summary.model_type},
            {"parameters", summary.parameters},
            {"weights", summary.quantization.empty() ? kernels::name_of(summary.dtype)
                                                     : std::string_view(summary.quantization)},
            {"weight_bytes", summary.weight_bytes}}},
          {"kv_cache",
           {{"dtype", kernels::name_of(bench.plan().kv_dtype)}, {"bytes", bench.plan().kv_bytes}}},
          {"workspace_bytes", bench.workspace_bytes()},
          {"max_num_batched_tokens", options.max_batch_tokens},
          {"temperature", options.temperature},
          {"runs", options.runs}};
}

std::string describe_lines(const ordered_json& d) {
  const ordered_json& model = d["model"];
  std::string text;
  const auto line = [&text](const char* name, const std::string& value) {
    text += fmt::format("{:<10}{}\n", name, value);
  };
  const auto size = [](const ordered_json& bytes) {
    return format_byte_size(bytes.get<std::size_t>());
  };
  line("machine", d["machine"].get<std::string>());
  line("device", d["device"].get<std::string>());
  line("build", fmt::format("quire {}, {}", d["quire"].get<std::string>(),
                            d["build"].get<std::string>()));
  line("model", fmt::format("{} ({}), {:.1f} M parameters, {}, {}",
                            model["name"].get<std::string>(), model["type"].get<std::string>(),
                            model["parameters"].get<double>() / 1e6,
                            model["weights"].get<std::string>(), size(model["weight_bytes"])));
  line("memory",
       fmt::format("KV cache {} ({}), activations {}", size(d["kv_cache"]["bytes"]),
                   d["kv_cache"]["dtype"].get<std::string>(), size(d["workspace_bytes"])));
  line("steps", fmt::format("of at most {} rows, temperature {:g}; median of {} runs, each at "
                            "least 0.1 s",
                            d["max_num_batched_tokens"].get<int>(), d["temperature"].get<double>(),
                            d["runs"].get<int>()));
  return text;
}

ordered_json make_step_report(ordered_json description, const std::vector<StepFigures>& figures) {
  description["steps"] = ordered_json::array();
  for (const StepFigures& f : figures) description["steps"].push_back(report_case(f));
  return description;
}

std::string step_table(const ordered_json& report) {
  std::string text =
      fmt::format("{:<18} {:>9}  {:<19} {:>9} {:>9} {:>11} {:>9} {:>7} {:>8}\n", "case", "ms",
                  "(min to max)", "tok/s", "cpu ms", "weights MB", "KV MB", "GB/s", "Gop/s");
  for (const ordered_json& step : report["steps"]) {
    const ordered_json& ms = step["ms"];
    const std::string range =
        fmt::format("({:.2f} to {:.2f})", ms["min"].get<double>(), ms["max"].get<double>());
    text += fmt::format(
        "{:<18} {:>9.2f}  {:<19} {:>9.1f} {:>9.2f} {:>11.2f} {:>9.2f} {:>7.1f} {:>8.1f}\n",
        step["case"].get<std::string>(), ms["median"].get<double>(), range,
        step["tokens_per_s"].get<double>(), step["cpu_ms"]["median"].get<double>(),
        step["weight_bytes"].get<double>() * 1e-6, step["kv_bytes"].get<double>() * 1e-6,
        step["gb_per_s"].get<double>(), step["gop_per_s"].get<double>());
  }
  return text;
}

namespace {

std::string kernel_table(const ordered_json& kernels) {
  double total = 0;
  std::int64_t launches = 0;
  for (const ordered_json& kernel : kernels) {
    total += kernel["ms"].get<double>();
    launches += kernel["launches"].get<std::int64_t>();
  }
  std::string text = fmt::format("  on the device: {} launches, {:.3f} ms\n", launches, total);
  for (const ordered_json& kernel : kernels) {
    const double ms = kernel["ms"].get<double>();
    text += fmt::format("  {:<16} {:>6} {:>10.3f} {:>6.1f}%\n", kernel["kernel"].get<std::string>(),
                        kernel["launches"].get<std::int64_t>(), ms,
                        total > 0 ? ms / total * 100 : 0.0);
  }
  return text;
}

}  // namespace

std::string profile_tables(const ordered_json& report) {
  std::string text;
  for (const ordered_json& step : report["steps"]) {
    if (!step.contains("profile")) continue;
    double total = 0;
    for (const ordered_json& op : step["profile"]) total += op["ms"].get<double>();
    text += fmt::format("\n{}: {:.2f} ms with the profile, {:.2f} ms without\n",
                        step["case"].get<std::string>(), total, step["ms"]["median"].get<double>());
    text += fmt::format("  {:<12} {:>6} {:>10} {:>7} {:>9} {:>9}\n", "op", "calls", "ms", "share",
                        "GB/s", "Gop/s");
    for (const ordered_json& op : step["profile"]) {
      text += fmt::format("  {:<12} {:>6} {:>10.3f} {:>6.1f}% {:>9.1f} {:>9.1f}\n",
                          op["op"].get<std::string>(), op["calls"].get<std::int64_t>(),
                          op["ms"].get<double>(), op["share"].get<double>() * 100,
                          op["gb_per_s"].get<double>(), op["gop_per_s"].get<double>());
    }
    if (step.contains("kernels")) text += kernel_table(step["kernels"]);
  }
  return text;
}

}  // namespace quire::tools::bench
