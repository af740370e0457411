// What the figures of `quire bench step` say: a table for people, JSON for perf/roofline.py and
// perf/compare_llama.py.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tools/bench/step_bench.h"

namespace quire::tools::bench {

/// Machine, device, build, model, memory and conditions of a measurement.
nlohmann::ordered_json describe_bench(const StepBench& bench, const EngineOptions& engine,
                                      const StepBenchOptions& options);

/// That description as lines.
std::string describe_lines(const nlohmann::ordered_json& description);

/// The description with "steps": one object per case, with "profile" where there is one.
nlohmann::ordered_json make_step_report(nlohmann::ordered_json description,
                                        const std::vector<StepFigures>& figures);

/// A line per case.
std::string step_table(const nlohmann::ordered_json& report);
/// A table per case of where a pass's time goes; "" without a profile.
std::string profile_tables(const nlohmann::ordered_json& report);

}  // namespace quire::tools::bench
