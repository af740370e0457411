// Closed-loop load: N clients, each streaming one request after the other until all are sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/bench/target.h"

namespace quire::tools::bench {

/// One request, ready to send.
struct LoadRequest {
  std::string body;
  std::int32_t prompt_tokens = 0;  // as planned; the server's usage counts more exactly
};

/// Times are seconds; `start` counts from the beginning of the load.
struct RequestOutcome {
  bool success = false;
  std::string error = "";  // when it failed
  double start = 0;
  double ttft = 0;             // to the first token with content
  double latency = 0;          // to the last
  std::vector<double> itls{};  // between consecutive tokens' arrivals
  std::int32_t prompt_tokens = 0;
  std::int32_t output_tokens = 0;
  std::string text = "";
};

struct LoadOptions {
  std::string endpoint;                           // "/v1/completions", "/v1/chat/completions"
  std::int32_t clients = 1;                       // connections at once
  std::function<void(std::size_t done)> on_done;  // after every request; null = none
};

struct LoadOutcome {
  std::vector<RequestOutcome> requests;  // in the order of the input
  double duration = 0;                   // seconds from first send to last answer
};

/// Blocks until every request has an outcome. A request that fails does not stop the others. A
/// silence of kSilence fails a request.
LoadOutcome run_load(const Target& target, const LoadOptions& options,
                     const std::vector<LoadRequest>& requests);

inline constexpr std::chrono::minutes kSilence{10};

}  // namespace quire::tools::bench
