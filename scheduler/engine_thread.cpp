#include "scheduler/engine_thread.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "scheduler/admission.h"
#include "scheduler/finish_rate.h"
#include "scheduler/scheduler.h"

namespace quire::scheduler {
namespace {

// An idle engine thread still shows that often that it is alive.
constexpr std::chrono::milliseconds kIdleHeartbeat{100};

TimePoint now() {
  return std::chrono::steady_clock::now();
}

struct Submission {
  RequestId id{};
  Request request;
  std::shared_ptr<TokenStream> stream;
  TimePoint submitted;
};

/// What other threads asked for since the last turn.
struct Commands {
  std::vector<Submission> submissions;                    // bounded by the limit on live requests
  std::unordered_map<RequestId, FinishReason> cancelled;  // at most one entry per live request
  bool cancel_all = false;

  bool empty() const noexcept { return submissions.empty() && cancelled.empty() && !cancel_all; }
};

}  // namespace

struct EngineThread::Impl {
  Impl(StepRunner& runner, const SchedulerConfig& config, Hooks hooks);
  ~Impl();

  engine::Result<std::vector<RequestId>, Refusal> submit_all(
      std::vector<std::pair<Request, std::shared_ptr<TokenStream>>> requests);
  std::optional<Refusal> find_closed() const;
  std::optional<Refusal> find_overload(std::size_t requests) const;

  void run();
  void turn_until_stopped();
  std::optional<Commands> wait_for_commands();
  void obey(Commands commands);
  void step();
  void publish();
  void fail(const std::string& reason);

  StepRunner& runner_;
  const SchedulerConfig config_;
  const Hooks hooks_;
  const std::size_t max_live_;

  mutable std::mutex mutex_;  // guards the next block; held for no computation and no callback
  std::condition_variable wake_;
  Commands commands_;
  std::unordered_set<RequestId> live_;  // accepted, and on_finish not yet due
  EngineSnapshot snapshot_;
  FinishRate finish_rate_;
  std::string failure_;
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;

  Scheduler scheduler_;  // engine thread only, as are results_
  std::vector<engine::SequenceResult> results_;
  std::thread thread_;
};

EngineThread::Impl::Impl(StepRunner& runner, const SchedulerConfig& config, Hooks hooks)
    : runner_(runner),
      config_(config),
      hooks_(std::move(hooks)),
      max_live_(static_cast<std::size_t>(config.max_sequences) +
                static_cast<std::size_t>(config.max_queued)),
      scheduler_(config) {
  snapshot_ = scheduler_.snapshot();
  snapshot_.heartbeat = now();
  thread_ = std::thread([this] { run(); });
}

EngineThread::Impl::~Impl() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    commands_.cancel_all = true;
  }
  wake_.notify_one();
  thread_.join();
}

// ---- any thread

engine::Result<std::vector<RequestId>, Refusal> EngineThread::Impl::submit_all(
    std::vector<std::pair<Request, std::shared_ptr<TokenStream>>> requests) {
  for (const auto& [request, stream] : requests) {
    if (auto refusal = find_refusal(request, config_)) return *std::move(refusal);
  }
  std::vector<RequestId> ids;
  ids.reserve(requests.size());
  {
    const std::scoped_lock lock(mutex_);
    if (auto refusal = find_closed()) return *std::move(refusal);
    if (auto refusal = find_overload(requests.size())) return *std::move(refusal);
    const TimePoint submitted = now();
    finish_rate_.began(submitted);
    for (auto& [request, stream] : requests) {
      const RequestId id{++last_id_};
      live_.insert(id);
      commands_.submissions.push_back({id, std::move(request), std::move(stream), submitted});
      ids.push_back(id);
    }
  }
  wake_.notify_one();
  return ids;
}

std::optional<Refusal> EngineThread::Impl::find_closed() const {
  if (snapshot_.failed) {
    return Refusal{.kind = Refusal::Kind::failed,
                   .message = "the engine has stopped: " + failure_,
                   .retry_after = {}};
  }
  if (snapshot_.draining || stopping_) {
    return Refusal{.kind = Refusal::Kind::draining,
                   .message = "the server is going down and takes no new requests",
                   .retry_after = {}};
  }
  return std::nullopt;
}

std::optional<Refusal> EngineThread::Impl::find_overload(std::size_t requests) const {
  if (requests > max_live_) {
    return Refusal{.kind = Refusal::Kind::never_fits,
                   .message = std::to_string(requests) +
                              " sequences in one request exceed the limit of " +
                              std::to_string(max_live_),
                   .retry_after = {}};
  }
  if (live_.size() + requests <= max_live_) return std::nullopt;
  const std::size_t missing = live_.size() + requests - max_live_;
  return Refusal{.kind = Refusal::Kind::queue_full,
                 .message = std::to_string(live_.size()) +
                            " requests are running or waiting, and the limit is " +
                            std::to_string(max_live_),
                 .retry_after = finish_rate_.retry_after(missing, now())};
}

// ---- engine thread

void EngineThread::Impl::run() {
  try {
    turn_until_stopped();
  } catch (const std::exception& error) {
    fail(error.what());
  } catch (...) {
    fail("unknown exception");
  }
}

void EngineThread::Impl::turn_until_stopped() {
  while (auto commands = wait_for_commands()) {
    obey(*std::move(commands));
    publish();
    if (!scheduler_.idle()) step();
  }
}

/// Nothing when it is time to end: everything has been cancelled and told so.
std::optional<Commands> EngineThread::Impl::wait_for_commands() {
  std::unique_lock lock(mutex_);
  snapshot_.heartbeat = now();
  while (commands_.empty() && scheduler_.idle() && !stopping_) {
    wake_.wait_for(lock, kIdleHeartbeat);
    snapshot_.heartbeat = now();
  }
  if (stopping_ && commands_.empty() && scheduler_.idle()) return std::nullopt;
  return std::exchange(commands_, {});
}

void EngineThread::Impl::obey(Commands commands) {
  for (Submission& submission : commands.submissions) {
    scheduler_.add(submission.id, std::move(submission.request), std::move(submission.stream),
                   submission.submitted);
  }
  const TimePoint ended = now();
  for (const auto& [id, reason] : commands.cancelled) scheduler_.cancel(id, reason, ended);
  if (commands.cancel_all) scheduler_.end_all(FinishReason::cancelled, {}, ended);
}

void EngineThread::Impl::step() {
  const auto steps = scheduler_.begin_step(now());
  publish();
  results_.assign(steps.size(), {});
  try {
    runner_.run(steps, results_);
    scheduler_.commit_step(results_, now());
  } catch (const StepFailed& failure) {
    scheduler_.fail_step(failure.what(), now());
  }
  if (hooks_.on_step) hooks_.on_step(scheduler_.last_step());
  publish();
}

/// Makes the state visible, then tells the streams: whoever hears of an end finds it in snapshot().
void EngineThread::Impl::publish() {
  const std::vector<Delivery> deliveries = scheduler_.take_deliveries();
  {
    const std::scoped_lock lock(mutex_);
    const EngineSnapshot previous = std::exchange(snapshot_, scheduler_.snapshot());
    snapshot_.draining = previous.draining;
    snapshot_.failed = previous.failed;
    snapshot_.heartbeat = now();
    for (const Delivery& delivery : deliveries) {
      if (!delivery.finish) continue;
      live_.erase(delivery.id);
      commands_.cancelled.erase(delivery.id);
      finish_rate_.ended(snapshot_.heartbeat);
    }
    if (live_.empty()) finish_rate_.idle();
  }
  for (const Delivery& delivery : deliveries) deliver(delivery);
}

void EngineThread::Impl::fail(const std::string& reason) {
  Commands commands;
  {
    const std::scoped_lock lock(mutex_);
    snapshot_.failed = true;  // no submission is accepted from here on
    failure_ = reason;
    commands = std::exchange(commands_, {});
  }
  obey({.submissions = std::move(commands.submissions), .cancelled = {}, .cancel_all = false});
  scheduler_.end_all(FinishReason::error, reason, now());
  publish();
  const std::scoped_lock lock(mutex_);
  live_.clear();
}

// ---- public face

EngineThread::EngineThread(StepRunner& runner, const SchedulerConfig& config, Hooks hooks)
    : impl_(std::make_unique<Impl>(runner, config, std::move(hooks))) {}

EngineThread::~EngineThread() = default;

engine::Result<RequestId, Refusal> EngineThread::submit(Request request,
                                                        std::shared_ptr<TokenStream> stream) {
  std::vector<std::pair<Request, std::shared_ptr<TokenStream>>> one;
  one.emplace_back(std::move(request), std::move(stream));
  auto ids = impl_->submit_all(std::move(one));
  if (!ids) return ids.error();
  return ids.value().front();
}

engine::Result<std::vector<RequestId>, Refusal> EngineThread::submit_all(
    std::vector<std::pair<Request, std::shared_ptr<TokenStream>>> requests) {
  return impl_->submit_all(std::move(requests));
}

void EngineThread::cancel(RequestId id, FinishReason reason) {
  const std::scoped_lock lock(impl_->mutex_);
  if (!impl_->live_.contains(id)) return;
  impl_->commands_.cancelled.try_emplace(id, reason);
  impl_->wake_.notify_one();
}

EngineSnapshot EngineThread::snapshot() const {
  const std::scoped_lock lock(impl_->mutex_);
  EngineSnapshot snapshot = impl_->snapshot_;
  // Submissions that the engine thread has not seen yet wait, too.
  snapshot.waiting = static_cast<std::int32_t>(impl_->live_.size()) - snapshot.running;
  return snapshot;
}

void EngineThread::start_draining() {
  const std::scoped_lock lock(impl_->mutex_);
  impl_->snapshot_.draining = true;
}

void EngineThread::cancel_all() {
  const std::scoped_lock lock(impl_->mutex_);
  impl_->commands_.cancel_all = true;
  impl_->wake_.notify_one();
}

}  // namespace quire::scheduler
