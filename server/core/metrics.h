// Metrics: what /metrics says, under vLLM's names, labels and buckets, so that dashboards and
// routers made for vLLM work. Counts requests here; the engine's own figures come from a snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine_thread.h"
#include "scheduler/request.h"
#include "server/server.h"
#include "server/step_tally.h"

namespace quire::server {

/// One choice that ended. Times in seconds.
struct ChoiceRecord {
  std::string_view reason;  // vLLM's label: stop, length, abort, error
  std::int32_t prompt_tokens = 0;
  std::int32_t computed_prompt_tokens = 0;  // not taken from the prefix cache
  std::int32_t output_tokens = 0;
  double end_to_end = 0;
  double queued = 0;
  double prefill = 0;
  double decode = 0;
};

/// Thread: any.
class Metrics {
 public:
  explicit Metrics(const ServerConfig& config);
  ~Metrics();

  void prompt_started(std::int32_t prompt_tokens, std::int32_t cached_tokens);
  void first_token(double seconds_since_arrival);
  void next_token(double seconds_since_last);
  void choice_ended(const ChoiceRecord& record);
  /// Once per API request. `most_tokens`: of the longest choice.
  void request_ended(std::int32_t n, std::int32_t max_tokens, std::int32_t most_tokens);

  /// The whole page in the Prometheus text format.
  std::string page(const scheduler::EngineSnapshot& engine, const StepTally& steps) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 1, 2, 5, 10, 20, 50, ... up to and including the last one <= max.
std::vector<double> buckets_1_2_5(std::int64_t max);

}  // namespace quire::server
