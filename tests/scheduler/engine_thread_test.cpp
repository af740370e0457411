#include "scheduler/engine_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <vector>

#include "driver.h"

namespace quire::scheduler {
namespace {

using testing::FakeRunner;
using ::testing::HasSubstr;
using testing::request_of;
using testing::small_config;

/// A stream that another thread can wait for.
class WaitableStream final : public testing::RecordingStream {
 public:
  void on_token(const engine::SampledToken& token) override {
    RecordingStream::on_token(token);
    notify(tokens_told_, 1);
  }
  void on_finish(const Finish& end) override {
    RecordingStream::on_finish(end);
    notify(ends_told_, 1);
  }
  /// The end, once it is there; the stream is not written to any more then.
  const Finish& wait() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return ends_told_ > 0; });
    return *finish;
  }
  void wait_for_token() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return tokens_told_ > 0; });
  }

 private:
  void notify(int& counter, int more) {
    const std::scoped_lock lock(mutex_);
    counter += more;
    told_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable told_;
  int tokens_told_ = 0;
  int ends_told_ = 0;
};

struct Client {
  Request request;
  std::shared_ptr<WaitableStream> stream = std::make_shared<WaitableStream>();
  RequestId id{};
};

Client submit(EngineThread& engine, const Request& request) {
  Client client{.request = request};
  auto id = engine.submit(request, client.stream);
  EXPECT_TRUE(id.ok());
  client.id = id.value();
  return client;
}

std::optional<Refusal> refusal_of(EngineThread& engine, const Request& request) {
  auto id = engine.submit(request, std::make_shared<WaitableStream>());
  return id.ok() ? std::nullopt : std::optional(id.error());
}

void expect_answer_alone(Client& client, const SchedulerConfig& config) {
  client.stream->wait();
  const testing::Submitted submitted{client.id, client.request, client.stream};
  EXPECT_TRUE(testing::is_answer_alone(submitted, config));
  EXPECT_EQ(client.stream->breach, "");
}

/// A runner that holds each step until the test lets it go.
struct GatedRunner {
  explicit GatedRunner(const SchedulerConfig& config) : runner(config) {
    runner.before_run = [this] {
      entered.release();
      gate.acquire();
    };
  }
  void open_for_good() { gate.release(1'000'000); }

  FakeRunner runner;
  std::counting_semaphore<> entered{0};
  std::counting_semaphore<> gate{0};
};

TEST(EngineThread, AnswersARequest) {
  const SchedulerConfig config = small_config();
  FakeRunner runner(config);
  EngineThread engine(runner, config, {});
  Client client = submit(engine, request_of(100, 0, 9));
  expect_answer_alone(client, config);
}

TEST(EngineThread, AnswersManyThreadsAsIfEachWereAlone) {
  SchedulerConfig config = small_config();
  config.kv_blocks = 40;
  config.max_model_tokens = 300;
  config.max_queued = 1000;
  FakeRunner runner(config);
  EngineThread engine(runner, config, {});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&engine, &config, t] {
      std::vector<Client> clients;
      for (int i = 0; i < 25; ++i) {
        Request request = request_of(10 + 7 * i, i % 3 * 100, 5 + t);
        request.sampling.seed = static_cast<std::uint64_t>(t * 100 + i);
        clients.push_back(submit(engine, request));
        if (i % 5 == 4) engine.cancel(clients.back().id);
      }
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (i % 5 != 4) expect_answer_alone(clients[i], config);
        clients[i].stream->wait();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(engine.snapshot().running + engine.snapshot().waiting, 0);
  EXPECT_EQ(engine.snapshot().blocks_in_use, 0);
}

TEST(EngineThread, EndIsVisibleInTheSnapshotWhenTold) {
  const SchedulerConfig config = small_config();
  FakeRunner runner(config);
  EngineThread engine(runner, config, {});
  for (int i = 0; i < 50; ++i) {
    submit(engine, request_of(20, i, 2)).stream->wait();
    const EngineSnapshot seen = engine.snapshot();
    EXPECT_EQ(seen.running + seen.waiting, 0);
    EXPECT_EQ(seen.blocks_in_use, 0);
  }
  EXPECT_EQ(engine.snapshot().blocks_total, 100);
}

TEST(EngineThread, RefusesWhenTheQueueIsFull) {
  SchedulerConfig config = small_config();
  config.max_sequences = 2;
  config.max_queued = 3;
  GatedRunner gated(config);
  EngineThread engine(gated.runner, config, {});
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(submit(engine, request_of(5, i * 10)));
  const auto refusal = refusal_of(engine, request_of(5));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind, Refusal::Kind::queue_full);
  EXPECT_THAT(refusal->message, HasSubstr("5"));
  EXPECT_GE(refusal->retry_after, std::chrono::seconds(1));
  EXPECT_EQ(engine.snapshot().running + engine.snapshot().waiting, 5);
  gated.open_for_good();
  for (Client& client : clients) expect_answer_alone(client, config);
  EXPECT_FALSE(refusal_of(engine, request_of(5)).has_value());
}

TEST(EngineThread, TakesAllChoicesOrNone) {
  SchedulerConfig config = small_config();
  config.max_sequences = 2;
  config.max_queued = 1;
  GatedRunner gated(config);
  EngineThread engine(gated.runner, config, {});
  const Client first = submit(engine, request_of(5));
  const auto choices = [](std::size_t n) {
    std::vector<std::pair<Request, std::shared_ptr<TokenStream>>> list;
    for (std::size_t i = 0; i < n; ++i) {
      list.emplace_back(request_of(5), std::make_shared<WaitableStream>());
    }
    return list;
  };
  const auto too_many_now = engine.submit_all(choices(3));
  ASSERT_FALSE(too_many_now.ok());
  EXPECT_EQ(too_many_now.error().kind, Refusal::Kind::queue_full);
  const auto too_many_ever = engine.submit_all(choices(4));
  ASSERT_FALSE(too_many_ever.ok());
  EXPECT_EQ(too_many_ever.error().kind, Refusal::Kind::never_fits);
  const auto taken = engine.submit_all(choices(2));
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(taken.value().size(), 2U);
  gated.open_for_good();
}

TEST(EngineThread, RefusesWhatNeverFits) {
  const SchedulerConfig config = small_config();
  FakeRunner runner(config);
  EngineThread engine(runner, config, {});
  const auto refusal = refusal_of(engine, request_of(1000));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind, Refusal::Kind::never_fits);
  EXPECT_THAT(refusal->message, HasSubstr("1000 tokens"));
}

TEST(EngineThread, CancelTakesEffectWithinOneStepThoughTheQueueIsFull) {
  SchedulerConfig config = small_config();
  config.max_sequences = 1;
  config.max_queued = 1;
  GatedRunner gated(config);
  EngineThread engine(gated.runner, config, {});
  Client running = submit(engine, request_of(5, 0, 500));
  gated.entered.acquire();  // its first step runs
  Client waiting = submit(engine, request_of(5, 50));
  ASSERT_TRUE(refusal_of(engine, request_of(5)).has_value());
  engine.cancel(running.id, FinishReason::stop);
  engine.cancel(running.id);  // the first reason counts
  gated.gate.release();       // that step ends, and no other one of this sequence starts
  EXPECT_EQ(running.stream->wait().reason, FinishReason::stop);
  EXPECT_EQ(running.stream->wait().output_tokens, 1);
  gated.open_for_good();
  expect_answer_alone(waiting, config);
  engine.cancel(running.id);  // ended: ignored
  engine.cancel(RequestId{12345});
}

TEST(EngineThread, DrainsWhatItHasAndTakesNothingNew) {
  const SchedulerConfig config = small_config();
  GatedRunner gated(config);
  EngineThread engine(gated.runner, config, {});
  Client client = submit(engine, request_of(5));
  engine.start_draining();
  EXPECT_TRUE(engine.snapshot().draining);
  const auto refusal = refusal_of(engine, request_of(5));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind, Refusal::Kind::draining);
  gated.open_for_good();
  expect_answer_alone(client, config);
  EXPECT_EQ(engine.snapshot().running + engine.snapshot().waiting, 0);
}

TEST(EngineThread, CancelAllEndsEverything) {
  SchedulerConfig config = small_config();
  config.max_sequences = 2;
  GatedRunner gated(config);
  EngineThread engine(gated.runner, config, {});
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(submit(engine, request_of(5, i, 500)));
  gated.entered.acquire();
  engine.cancel_all();
  gated.open_for_good();
  for (Client& client : clients) {
    EXPECT_EQ(client.stream->wait().reason, FinishReason::cancelled);
  }
  EXPECT_FALSE(refusal_of(engine, request_of(5)).has_value());
}

TEST(EngineThread, DestructionEndsEveryStream) {
  const SchedulerConfig config = small_config();
  std::vector<Client> clients;
  {
    FakeRunner runner(config);
    EngineThread engine(runner, config, {});
    for (int i = 0; i < 40; ++i) clients.push_back(submit(engine, request_of(30, i * 9, 900)));
    clients.front().stream->wait_for_token();
  }
  for (const Client& client : clients) {
    ASSERT_TRUE(client.stream->finish.has_value());
    EXPECT_EQ(client.stream->finish->reason, FinishReason::cancelled);
    EXPECT_EQ(client.stream->breach, "");
  }
}

TEST(EngineThread, GoesOnAfterAFailedStep) {
  const SchedulerConfig config = small_config();
  FakeRunner runner(config);
  runner.next_fault = FakeRunner::Fault::after_writing;
  EngineThread engine(runner, config, {});
  Client failed = submit(engine, request_of(20));
  EXPECT_EQ(failed.stream->wait().reason, FinishReason::error);
  EXPECT_THAT(failed.stream->wait().error, HasSubstr("device lost its step"));
  EXPECT_FALSE(engine.snapshot().failed);
  Client next = submit(engine, request_of(20));
  expect_answer_alone(next, config);
}

TEST(EngineThread, StopsForGoodAfterAnyOtherException) {
  const SchedulerConfig config = small_config();
  GatedRunner gated(config);
  gated.runner.before_run = [&gated] {
    gated.entered.release();
    gated.gate.acquire();
    throw std::runtime_error("out of everything");
  };
  EngineThread engine(gated.runner, config, {});
  Client in_step = submit(engine, request_of(20));
  gated.entered.acquire();
  Client unseen = submit(engine, request_of(20));
  gated.open_for_good();
  for (Client* client : {&in_step, &unseen}) {
    EXPECT_EQ(client->stream->wait().reason, FinishReason::error);
    EXPECT_EQ(client->stream->wait().error, "out of everything");
  }
  EXPECT_TRUE(engine.snapshot().failed);
  const auto refusal = refusal_of(engine, request_of(5));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind, Refusal::Kind::failed);
  EXPECT_THAT(refusal->message, HasSubstr("out of everything"));
  engine.cancel(in_step.id);
  engine.cancel_all();
}

TEST(EngineThread, HeartbeatGoesOnWhenIdleAndStandsStillInAHungStep) {
  const SchedulerConfig config = small_config();
  GatedRunner gated(config);
  EngineThread engine(gated.runner, config, {});
  const auto first = engine.snapshot().heartbeat;
  while (engine.snapshot().heartbeat == first) std::this_thread::yield();

  Client client = submit(engine, request_of(5));
  gated.entered.acquire();
  const auto hung = engine.snapshot().heartbeat;
  submit(engine, request_of(5));
  EXPECT_EQ(engine.snapshot().heartbeat, hung);
  gated.open_for_good();
  client.stream->wait();
}

TEST(EngineThread, ReportsEveryStep) {
  const SchedulerConfig config = small_config();
  FakeRunner runner(config);
  std::vector<StepRecord> records;
  {
    EngineThread engine(runner, config,
                        {.on_step = [&](const StepRecord& step) { records.push_back(step); }});
    submit(engine, request_of(70, 0, 3)).stream->wait();
    EXPECT_EQ(engine.snapshot().steps, 4U);
    EXPECT_EQ(engine.snapshot().computed_tokens, 72U);
  }
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].prefill_tokens, 64);
  EXPECT_EQ(records[3].decode_tokens, 1);
  EXPECT_EQ(records[3].running, 0);
}

TEST(EngineThread, RefusesLimitsThatMakeNoSense) {
  SchedulerConfig config = small_config();
  FakeRunner runner(config);
  config.max_batch_tokens = 0;
  EXPECT_THROW(EngineThread(runner, config, {}), std::invalid_argument);
}

// Requests come, go and are cancelled from several threads while steps fail now and then.
TEST(EngineThread, SurvivesClientsThatComeAndGo) {
  SchedulerConfig config = small_config();
  config.kv_blocks = 30;
  config.max_model_tokens = 200;
  config.max_queued = 20;
  FakeRunner runner(config);
  int steps = 0;
  runner.before_run = [&] {
    if (++steps % 50 == 0) runner.next_fault = FakeRunner::Fault::after_writing;
  };
  std::atomic<int> completed = 0;
  {
    EngineThread engine(runner, config, {});
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        testing::Random random(t);
        for (int i = 0; i < 60; ++i) {
          auto stream = std::make_shared<WaitableStream>();
          Request request =
              request_of(random.between(1, 100), random.between(0, 3) * 100, random.between(1, 40));
          auto id = engine.submit(request, stream);
          if (!id.ok()) continue;
          if (random.chance(0.3)) engine.cancel(id.value());
          if (random.chance(0.1)) continue;  // leaves without waiting
          stream->wait();
          Client client{.request = request, .stream = stream, .id = id.value()};
          const FinishReason reason = stream->finish->reason;
          if (reason == FinishReason::cancelled || reason == FinishReason::error) continue;
          expect_answer_alone(client, config);
          ++completed;
        }
      });
    }
  }
  EXPECT_GT(completed, 0);
  EXPECT_EQ(runner.breach, "");
}

}  // namespace
}  // namespace quire::scheduler
