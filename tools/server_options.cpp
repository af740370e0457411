#include "tools/server_options.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <limits>

#include "tools/byte_size.h"

namespace quire::tools {
namespace {

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr double kLongestSeconds = 86'400;

std::string check_body_size(const std::string& text) {
  const auto bytes = parse_byte_size(text);
  constexpr std::size_t kLargest = std::size_t{1} << 32U;
  if (bytes && *bytes > 0 && *bytes <= kLargest) return {};
  return "\"" + text + "\" is no size of memory up to 4GiB (examples: 512KiB, 64MiB)";
}

std::string check_key(const std::string& text) {
  return text.empty() ? std::string{"a key must not be empty"} : std::string{};
}

void add_seconds(CLI::App& command, const char* name, double& value, const char* text) {
  command.add_option(name, value, text)->check(CLI::Range(0.001, kLongestSeconds));
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000.0));
}

void add_timeouts(CLI::App& command, ServeOptions& o) {
  add_seconds(command, "--keepalive-seconds", o.keepalive_seconds,
              "Between comments on a stream while no token comes.");
  add_seconds(command, "--drain-seconds", o.drain_seconds,
              "After SIGTERM or Ctrl-C, what runs may go on that long.");
  add_seconds(command, "--idle-seconds", o.idle_seconds,
              "A connection may be silent that long between requests.");
  add_seconds(command, "--body-seconds", o.body_seconds, "For the whole body of a request.");
  add_seconds(command, "--write-seconds", o.write_seconds,
              "A client that takes nothing for so long is dropped.");
  add_seconds(command, "--heartbeat-seconds", o.heartbeat_seconds,
              "/health fails when the engine is silent longer.");
}

void add_limits(CLI::App& command, ServeOptions& o) {
  server::ServerLimits& limits = o.server.limits;
  command
      .add_option("--max-body-size", o.max_body_size,
                  "Size of one request; more is refused with 413.")
      ->check(CLI::Validator(check_body_size, "SIZE"));
  command
      .add_option("--max-connections", limits.connections, "Connections that may be open at once.")
      ->check(CLI::Range(1, 1 << 16));
  command.add_option("--max-choices", limits.choices, "Answers of one request (n times prompts).")
      ->check(CLI::Range(1, 1 << 16));
  command
      .add_option("--stream-backlog-tokens", limits.stream_backlog_tokens,
                  "Tokens that may wait for a slow reader; more, and it is dropped.")
      ->check(CLI::Range(1, kMost));
}

void add_default_sampling(CLI::App& command, server::DefaultSampling& d) {
  command
      .add_option("--default-temperature", d.temperature,
                  "For requests that name none. Default: the model's, else 1.")
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--default-top-p", d.top_p, "The same. Default: the model's, else 1.")
      ->check(CLI::PositiveNumber & CLI::Range(0.0, 1.0));
  command.add_option("--default-top-k", d.top_k, "The same. Default: the model's, else 0 (off).")
      ->check(CLI::Range(0, kMost));
  command.add_option("--default-min-p", d.min_p, "The same. Default: the model's, else 0 (off).")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--default-repetition-penalty", d.repetition_penalty,
                  "The same. Default: the model's, else 1 (off).")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--default-max-tokens", d.max_tokens,
                  "The same. Default: 16 for completions, the rest of the context for chat.")
      ->check(CLI::Range(1, kMost));
}

}  // namespace

void add_server_options(CLI::App& command, ServeOptions& o) {
  command.add_option("--host", o.server.host, "Address to listen on; 0.0.0.0 = every interface.");
  command.add_option("--port", o.port, "Port to listen on; 0 = any free one.")
      ->check(CLI::Range(0, 65535));
  command.add_option("--port-file", o.port_file,
                     "File that gets the port's number once the server listens. Default: none.");
  command
      .add_option("--api-key", o.server.api_keys,
                  "Key that clients must send; may be given several times. Default: none, open.")
      ->envname("QUIRE_API_KEY")
      ->check(CLI::Validator(check_key, "KEY"));
  command.add_option(
      "--served-model-name", o.served_model_names,
      "Name of the model in the API; may be given several times. Default: the folder's "
      "name, or quire-demo.");
  command.add_option("--cors-origin", o.server.cors_origins,
                     "Web origin that may call, or *; may be given several times. Default: none.");
  command.add_option("--io-threads", o.server.io_threads, "Threads for sockets.")
      ->check(CLI::Range(1, 64));
  command
      .add_option("--worker-threads", o.server.worker_threads,
                  "Threads for JSON, templates and tokenising.")
      ->check(CLI::Range(1, 64));
  add_timeouts(command, o);
  add_limits(command, o);
  add_default_sampling(command, o.server.sampling);
  command.add_option("--log-level", o.log_level, "How much to log.")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
}

server::ServerConfig make_server_config(const ServeOptions& o) {
  server::ServerConfig config = o.server;
  config.port = static_cast<std::uint16_t>(o.port);
  config.model_names = o.served_model_names;
  config.limits.body_bytes = *parse_byte_size(o.max_body_size);
  config.timeouts = {.idle = milliseconds(o.idle_seconds),
                     .body = milliseconds(o.body_seconds),
                     .write = milliseconds(o.write_seconds),
                     .keepalive = milliseconds(o.keepalive_seconds),
                     .heartbeat = milliseconds(o.heartbeat_seconds),
                     .drain = milliseconds(o.drain_seconds)};
  return config;
}

}  // namespace quire::tools
