// `quire serve`: loads a model and serves it over HTTP until SIGTERM or Ctrl-C. The first signal
// drains, the second stops at once.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "kernels/devices.h"
#include "server/server.h"
#include "server/step_tally.h"
#include "tools/byte_size.h"
#include "tools/commands.h"
#include "tools/engine_options.h"
#include "tools/local_engine.h"
#include "tools/progress_bar.h"
#include "tools/server_options.h"

namespace quire::tools {
namespace {

/// Takes SIGINT and SIGTERM for the whole process while it lives, on a thread of its own.
class SignalWatch {
 public:
  SignalWatch() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    // Before any other thread exists, so that all of them inherit the mask.
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  ~SignalWatch() { stop(); }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  void watch(server::Server& server) {
    thread_ = std::thread([this, &server] { run(server); });
  }
  void stop() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(server::Server& server) {
    int received = 0;
    while (!done_) {
      constexpr timespec kPatience{.tv_sec = 0, .tv_nsec = 100'000'000};
      if (sigtimedwait(&set_, nullptr, &kPatience) < 0) continue;
      if (++received == 1) {
        std::fputs("draining: no new requests; a second signal stops at once\n", stderr);
        server.request_drain();
      } else {
        server.request_stop();
      }
    }
  }

  sigset_t set_{};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

/// What computes and may change an answer's bytes: build and instruction set, not threads.
std::string fingerprint(const EngineOptions& options) {
  std::string device = options.device;
  if (device == "cpu") {
    for (const kernels::Device& d : kernels::list_devices()) {
      if (d.chosen) device = d.name;
    }
  }
  return fmt::format("quire-{}-{}", QUIRE_VERSION, device);
}

/// A reader never sees half a number: written beside and moved.
void write_port_file(const std::string& path, std::uint16_t port) {
  const std::string beside = path + ".tmp";
  std::ofstream out(beside);
  out << port << '\n';
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(beside, path, error);
  if (!out || error) throw std::runtime_error("--port-file " + path + ": cannot be written");
}

std::string address(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", v6 ? "[" + host + "]" : host, port);
}

int serve(const EngineOptions& engine_options, const ServeOptions& serve_options) {
  spdlog::set_level(spdlog::level::from_str(serve_options.log_level));
  SignalWatch signals;
  server::StepTally steps;
  auto bar = std::make_unique<ProgressBar>("loading");
  LocalEngine engine(
      engine_options,
      {.on_load = [&bar](std::size_t done,
                         std::size_t total) { bar->show(done, total, format_byte_size(total)); },
       .on_step = [&steps](const scheduler::StepRecord& step) { steps.record(step); }});
  bar.reset();
  std::fprintf(stderr, "%s\n", engine.describe_memory().c_str());

  server::ServerConfig config = make_server_config(serve_options);
  if (config.model_names.empty()) config.model_names = {engine.name()};
  config.fingerprint = fingerprint(engine_options);
  config.scheduler = engine.scheduler_config();
  config.kv_dtype = std::string(kernels::name_of(engine.plan().kv_dtype));
  server::Server server(config, engine.thread(), engine.model(), steps);
  signals.watch(server);
  if (!serve_options.port_file.empty()) write_port_file(serve_options.port_file, server.port());
  std::printf("quire is ready: %s (model %s, %s)\n", address(config.host, server.port()).c_str(),
              config.model_names.front().c_str(), engine.device().c_str());
  std::fflush(stdout);
  server.wait();
  signals.stop();
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& app, Action& chosen) {
  const auto engine = std::make_shared<EngineOptions>();
  const auto server = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Serve a model over the OpenAI HTTP API.");
  add_server_options(*command, *server);
  add_model_options(*command, *engine);
  add_batch_options(*command, *engine);
  command->callback(
      [&chosen, engine, server] { chosen = [engine, server] { return serve(*engine, *server); }; });
}

}  // namespace quire::tools
