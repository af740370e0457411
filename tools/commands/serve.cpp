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

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// Turns SIGINT and SIGTERM into a drain, then into a stop, while it lives. The signals must be
/// blocked in every thread. The server must outlive it.
class SignalWatch {
 public:
  explicit SignalWatch(server::Server& server) : thread_([this, &server] { run(server); }) {}
  ~SignalWatch() {
    done_ = true;
    thread_.join();
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void run(server::Server& server) {
    const sigset_t signals = ending_signals();
    int received = 0;
    while (!done_) {
      constexpr timespec kPatience{.tv_sec = 0, .tv_nsec = 100'000'000};
      if (sigtimedwait(&signals, nullptr, &kPatience) < 0) continue;
      if (++received == 1) {
        std::fputs("draining: no new requests; a second signal stops at once\n", stderr);
        server.request_drain();
      } else {
        server.request_stop();
      }
    }
  }

  std::atomic<bool> done_{false};
  std::thread thread_;  // last: it uses the members above
};

/// What computes and may change an answer's bytes: build and instruction set, not threads; of an
/// OpenCL device its name and its driver's.
std::string fingerprint(const EngineOptions& options, const std::string& description) {
  std::string device = options.device;
  if (opencl_index(device)) device = description;
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
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals,
                  nullptr);  // inherited by every thread that starts from now on
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
  config.fingerprint = fingerprint(engine_options, engine.device());
  config.scheduler = engine.scheduler_config();
  config.kv_dtype = std::string(kernels::name_of(engine.plan().kv_dtype));
  server::Server server(config, engine.thread(), engine.model(), steps);
  const SignalWatch watch(server);
  if (!serve_options.port_file.empty()) write_port_file(serve_options.port_file, server.port());
  std::printf("quire is ready: %s (model %s, %s)\n", address(config.host, server.port()).c_str(),
              config.model_names.front().c_str(), engine.device().c_str());
  std::fflush(stdout);
  server.wait();
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
