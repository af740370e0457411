// A whole server on a free port of the loopback interface, over a scripted or a real engine.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "engine/executor.h"
#include "kernels/devices.h"
#include "scheduler/engine_thread.h"
#include "server/json/json.h"
#include "server/server.h"
#include "tests/server/http_client.h"
#include "tests/server/scripted_runner.h"
#include "tests/support/tiny_model.h"

namespace quire::server::testing {

/// The model all server tests share: loaded once for the process.
inline const engine::Model& shared_model() {
  static const quire::testing::TinyModel tiny;
  static const std::unique_ptr<kernels::Backend> backend = kernels::make_reference_backend();
  static const engine::Model model = tiny.load(*backend);
  return model;
}

struct ServerSetup {
  ServerConfig server;
  scheduler::SchedulerConfig scheduler;

  ServerSetup() {
    server.port = 0;
    server.model_names = {"tiny"};
    scheduler.kv_blocks = 256;
    scheduler.max_model_tokens = 1024;
  }
};

/// Everything from the engine thread upwards. Destroyed in the right order.
class RunningServer {
 public:
  RunningServer(scheduler::StepRunner& runner, const engine::Model& model, ServerSetup setup)
      : scheduler_(with_vocabulary(setup.scheduler, model)),
        engine_(runner, scheduler_, {.on_step = [this](const auto& step) { steps_.record(step); }}),
        server_(with_scheduler(std::move(setup.server), scheduler_), engine_, model, steps_) {}

  std::uint16_t port() const { return server_.port(); }
  Server& server() { return server_; }
  scheduler::EngineThread& engine() { return engine_; }

  /// Polls the engine until `condition` holds; false after 60 s.
  bool wait_for(const std::function<bool(const scheduler::EngineSnapshot&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition(engine_.snapshot())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  bool wait_until_idle() {
    return wait_for([](const auto& engine) {
      return engine.running == 0 && engine.waiting == 0 && engine.blocks_in_use == 0;
    });
  }

 private:
  static scheduler::SchedulerConfig with_vocabulary(scheduler::SchedulerConfig config,
                                                    const engine::Model& model) {
    config.vocab_size = model.summary().vocab_size;
    return config;
  }
  static ServerConfig with_scheduler(ServerConfig config,
                                     const scheduler::SchedulerConfig& scheduler) {
    config.scheduler = scheduler;
    return config;
  }

  scheduler::SchedulerConfig scheduler_;
  StepTally steps_;
  scheduler::EngineThread engine_;
  Server server_;
};

/// The body of an answer; a failure of the test when it is not JSON.
inline Json json_of(const Reply& reply) {
  auto parsed = parse_json(reply.body);
  EXPECT_TRUE(parsed.ok()) << reply.status << " " << reply.body;
  return parsed.ok() ? std::move(parsed).value() : Json();
}

/// The code of the error envelope; a complaint when there is none.
inline std::string error_code(const Reply& reply) {
  const Json body = json_of(reply);
  if (!body.is_object() || !body.contains("error")) return "no error: " + reply.body;
  return body["error"]["code"].get<std::string>();
}

inline void expect_error(const Reply& reply, int status, const std::string& code,
                         const std::string& param) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(error_code(reply), code) << reply.body;
  EXPECT_EQ(json_of(reply)["error"]["param"], param.empty() ? Json(nullptr) : Json(param))
      << reply.body;
}

/// A server whose engine speaks a script.
struct ScriptedServer {
  explicit ScriptedServer(std::string script = "Hello world", ServerSetup setup = {})
      : runner(std::move(script)), running(runner, shared_model(), std::move(setup)) {}
  ~ScriptedServer() { runner.release(); }

  HttpClient client() { return HttpClient(running.port()); }

  /// Lets held steps happen one by one, some time apart, until nothing runs; the number of them.
  int steps_until_idle() {
    const auto busy = [this] {
      const auto engine = running.engine().snapshot();
      return engine.running + engine.waiting > 0;
    };
    int steps = 0;
    for (; busy(); ++steps) {
      runner.allow(1);
      runner.wait_until_used();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return steps;
  }

  ScriptedRunner runner;
  RunningServer running;
};

}  // namespace quire::server::testing
