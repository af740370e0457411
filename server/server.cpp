#include "server/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <thread>

#include "server/core/context.h"
#include "server/http/listener.h"
#include "server/http/session.h"
#include "server/routes/routes.h"

namespace quire::server {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kCancelGrace{5};  // for cancelled answers to reach their clients
constexpr std::chrono::seconds kCloseGrace{5};   // for closed connections to unwind

ServerConfig checked(ServerConfig config) {
  if (config.model_names.empty()) throw ServerError("a server needs a model name");
  if (config.io_threads < 1 || config.worker_threads < 1) {
    throw ServerError("io_threads and worker_threads must be at least 1");
  }
  if (std::any_of(config.api_keys.begin(), config.api_keys.end(),
                  [](const std::string& key) { return key.empty(); })) {
    throw ServerError("an API key must not be empty");
  }
  if (config.fingerprint.empty()) config.fingerprint = "quire-" QUIRE_VERSION;
  return config;
}

std::int64_t unix_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

struct Server::Impl {
  Impl(ServerConfig with, scheduler::EngineThread& engine, const engine::Model& model,
       const StepTally& steps);
  ~Impl();

  void accept(const std::shared_ptr<Connection>& connection);
  asio::awaitable<void> drain();
  asio::awaitable<void> wait_for_quiet(std::chrono::milliseconds limit, bool connections_too);
  bool quiet(bool connections_too) const;
  void wake_drain();
  void run_io();

  const ServerConfig config;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> keep_running =
      asio::make_work_guard(io);
  BodyBudget bodies{config.limits.body_bytes_in_flight};
  Metrics metrics{config};
  WorkerPool workers{static_cast<std::size_t>(config.worker_threads)};
  Context context;
  SessionRegistry sessions{[this] { wake_drain(); }};
  Listener listener;
  asio::steady_timer drain_timer{listener.executor()};  // on the listener's strand
  std::atomic<bool> stop_now{false};

  std::mutex mutex;
  std::condition_variable ended;
  std::size_t running_threads = 0;
  std::vector<std::thread> threads;
};

Server::Impl::Impl(ServerConfig with, scheduler::EngineThread& engine, const engine::Model& model,
                   const StepTally& steps)
    : config(checked(std::move(with))),
      context{config, engine, model, steps, metrics, workers, unix_now()},
      listener(io, config, bodies, [this](const auto& connection) { accept(connection); }) {
  const bool any_origin = std::find(config.cors_origins.begin(), config.cors_origins.end(), "*") !=
                          config.cors_origins.end();
  if (any_origin && config.api_keys.empty()) {
    spdlog::warn(
        "any web page may use this server: CORS allows every origin and no API key is set");
  }
  asio::co_spawn(listener.executor(), listener.run(), asio::detached);
  running_threads = static_cast<std::size_t>(config.io_threads);
  for (std::size_t i = 0; i < running_threads; ++i) threads.emplace_back([this] { run_io(); });
}

Server::Impl::~Impl() {
  io.stop();
  for (std::thread& thread : threads) thread.join();
  workers.stop();
}

void Server::Impl::run_io() {
  io.run();
  const std::lock_guard lock(mutex);
  --running_threads;
  ended.notify_all();
}

void Server::Impl::accept(const std::shared_ptr<Connection>& connection) {
  const bool room = sessions.connections() < static_cast<std::size_t>(config.limits.connections);
  asio::co_spawn(
      connection->executor(),
      room ? run_session(connection, context, all_routes(), sessions) : turn_away(connection),
      asio::detached);
}

bool Server::Impl::quiet(bool connections_too) const {
  if (connections_too) return sessions.connections() == 0;
  const auto engine = context.engine.snapshot();
  return sessions.answers() == 0 && engine.running == 0 && engine.waiting == 0;
}

void Server::Impl::wake_drain() {
  if (!context.draining) return;
  asio::post(listener.executor(), [this] { drain_timer.cancel(); });
}

asio::awaitable<void> Server::Impl::wait_for_quiet(std::chrono::milliseconds limit,
                                                   bool connections_too) {
  // The registry wakes this at every change; the engine's last step may end a little later.
  constexpr std::chrono::milliseconds kLook{20};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto over = [&] { return std::chrono::steady_clock::now() >= deadline; };
  while (!quiet(connections_too) && !over() && (connections_too || !stop_now)) {
    drain_timer.expires_after(kLook);
    co_await drain_timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> Server::Impl::drain() {
  listener.close();
  context.engine.start_draining();
  co_await wait_for_quiet(config.timeouts.drain, false);
  if (!quiet(false)) {
    context.engine.cancel_all();
    stop_now = false;
    co_await wait_for_quiet(kCancelGrace, false);
  }
  sessions.abort_all();
  co_await wait_for_quiet(kCloseGrace, true);
  keep_running.reset();
  if (!quiet(true)) io.stop();
}

Server::Server(ServerConfig config, scheduler::EngineThread& engine, const engine::Model& model,
               const StepTally& steps)
    : impl_(std::make_unique<Impl>(std::move(config), engine, model, steps)) {}

Server::~Server() {
  request_stop();
  wait();
}

std::uint16_t Server::port() const noexcept {
  return impl_->listener.port();
}

void Server::request_drain() {
  if (impl_->context.draining.exchange(true)) return;
  asio::co_spawn(impl_->listener.executor(), impl_->drain(), asio::detached);
}

void Server::request_stop() {
  impl_->stop_now = true;
  request_drain();
  impl_->wake_drain();
}

void Server::wait() {
  std::unique_lock lock(impl_->mutex);
  impl_->ended.wait(lock, [this] { return impl_->running_threads == 0; });
}

}  // namespace quire::server
