// Server: the HTTP face of one model. Listens, speaks the OpenAI API, and turns requests into
// sequences of the engine thread and tokens back into answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/model.h"
#include "scheduler/config.h"
#include "scheduler/engine_thread.h"
#include "server/step_tally.h"

namespace quire::server {

/// The server cannot start: names the address or the setting, and the reason.
class ServerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Every bound a client can run into. All are >= 1.
struct ServerLimits {
  std::size_t body_bytes = 64U << 20U;             // one request body; more: 413
  std::size_t body_bytes_in_flight = 256U << 20U;  // bodies being read, all connections; more: 503
  std::size_t header_bytes = 32U << 10U;           // request line and headers; more: 431
  std::int32_t connections = 1024;                 // open at once; more: 503 and closed
  std::int32_t choices = 128;                      // n x prompts of one request; more: 400
  std::int32_t stream_backlog_tokens = 16384;      // waiting for a slow reader; more: cancelled
  std::int32_t socket_send_bytes = 0;              // SO_SNDBUF; 0 = the system's default
};

struct ServerTimeouts {
  std::chrono::milliseconds idle{75'000};       // between requests, and for the whole header
  std::chrono::milliseconds body{120'000};      // for one whole body
  std::chrono::milliseconds write{60'000};      // for one write to make its way
  std::chrono::milliseconds keepalive{5'000};   // between SSE comments while no token comes
  std::chrono::milliseconds heartbeat{60'000};  // /health fails when the engine is silent longer
  std::chrono::milliseconds drain{30'000};      // what runs at a drain may go on that long
};

/// Sampling values for fields that a request leaves out; unset ones follow the model's
/// generation_config.json, then the API's own defaults.
struct DefaultSampling {
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<std::int32_t> top_k;
  std::optional<std::int32_t> max_tokens;  // else: completions 16, chat the rest of the context
};

struct ServerConfig {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;  // 0 = any free one; Server::port() tells
  std::int32_t io_threads = 1;
  std::int32_t worker_threads = 2;        // templates, tokenising, JSON
  std::vector<std::string> model_names;   // at least one; the first is the one in answers
  std::vector<std::string> api_keys;      // empty = open to everybody who can connect
  std::vector<std::string> cors_origins;  // "*" = any; empty = no CORS headers
  std::string fingerprint;  // system_fingerprint of answers: build, device, ISA; "" = version only
  DefaultSampling sampling;
  ServerLimits limits;
  ServerTimeouts timeouts;
  scheduler::SchedulerConfig scheduler;  // what the engine thread runs with: limits, cache figures
  std::string kv_dtype = "bf16";         // for cache_config_info
};

/// Thread: any.
class Server {
 public:
  /// Binds, listens and serves from now on. Engine, model and steps must outlive it. Throws
  /// ServerError.
  Server(ServerConfig config, scheduler::EngineThread& engine, const engine::Model& model,
         const StepTally& steps);
  /// Stops at once (as request_stop) and joins its threads.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port it listens on.
  std::uint16_t port() const noexcept;

  /// Begins to drain: no new connections or requests; what runs may finish until timeouts.drain,
  /// then it is cancelled. Returns at once; also safe to call twice.
  void request_drain();
  /// Cancels everything now. Returns at once.
  void request_stop();
  /// Blocks until a drain or stop is complete and every connection is closed.
  void wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::server
