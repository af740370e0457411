// Context: what every handler may use. One per server; outlives all sessions.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/model.h"
#include "scheduler/engine_thread.h"
#include "server/core/metrics.h"
#include "server/core/worker_pool.h"
#include "server/server.h"

namespace quire::server {

/// Thread: any.
struct Context {
  const ServerConfig& config;
  scheduler::EngineThread& engine;
  const engine::Model& model;
  const StepTally& steps;
  Metrics& metrics;
  WorkerPool& workers;
  std::int64_t started_at = 0;  // Unix seconds: `created` of the models list
  std::atomic<bool> draining{false};

  const std::string& model_name() const { return config.model_names.front(); }
};

}  // namespace quire::server
