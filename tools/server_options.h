// The options of `quire serve` that concern the server, and their place on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/server.h"

namespace CLI {
class App;
}

namespace quire::tools {

struct ServeOptions {
  server::ServerConfig server;  // what is set there by an option of the same meaning
  std::int32_t port = 8000;
  std::vector<std::string> served_model_names;
  std::string max_body_size = "64MiB";
  double idle_seconds = 75;
  double body_seconds = 120;
  double write_seconds = 60;
  double keepalive_seconds = 5;
  double heartbeat_seconds = 60;
  double drain_seconds = 30;
  std::string port_file;
  std::string log_level = "info";
};

void add_server_options(CLI::App& command, ServeOptions& options);

/// The server's configuration without what only the loaded model tells.
server::ServerConfig make_server_config(const ServeOptions& options);

}  // namespace quire::tools
