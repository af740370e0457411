// Drives a Scheduler by hand over the fake runner, one millisecond a step.
#pragma once

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "fake_runner.h"
#include "recording_stream.h"
#include "scheduler/scheduler.h"

namespace quire::scheduler::testing {

inline SchedulerConfig small_config() {
  SchedulerConfig config;
  config.max_batch_tokens = 64;
  config.max_sequences = 16;
  config.max_queued = 64;
  config.kv_blocks = 100;
  config.max_model_tokens = 1000;
  config.vocab_size = 1000;
  return config;
}

/// `length` distinct ids from `first` on: prompts with different `first` share no block.
inline Request request_of(std::int32_t length, TokenId first = 0, std::int32_t max_tokens = 4) {
  Request request;
  request.prompt.resize(static_cast<std::size_t>(length));
  std::iota(request.prompt.begin(), request.prompt.end(), first);
  for (TokenId& id : request.prompt) id %= 1000;
  request.sampling.max_tokens = max_tokens;
  return request;
}

struct Submitted {
  RequestId id{};
  Request request;
  std::shared_ptr<RecordingStream> stream;
};

struct Driver {
  explicit Driver(const SchedulerConfig& limits)
      : config(limits), scheduler(limits), runner(limits) {}

  Submitted submit(const Request& request) {
    Submitted made{RequestId{next_id++}, request, std::make_shared<RecordingStream>()};
    scheduler.add(made.id, request, made.stream, now);
    return made;
  }
  void cancel(const Submitted& submitted) {
    scheduler.cancel(submitted.id, FinishReason::cancelled, now);
    tell();
  }
  void tell() {
    for (const Delivery& delivery : scheduler.take_deliveries()) deliver(delivery);
  }
  std::vector<SequenceStep> begin() {
    const auto steps = scheduler.begin_step(now);
    return {steps.begin(), steps.end()};
  }
  void finish_step(const std::vector<SequenceStep>& steps) {
    now += std::chrono::milliseconds(1);
    std::vector<SequenceResult> results(steps.size());
    try {
      runner.run(steps, results);
      scheduler.commit_step(results, now);
    } catch (const StepFailed& failure) {
      scheduler.fail_step(failure.what(), now);
    }
    tell();
  }
  void step() { finish_step(begin()); }
  void run() {
    while (!scheduler.idle()) step();
  }
  const State& state() const { return scheduler.state(); }

  SchedulerConfig config;
  Scheduler scheduler;
  FakeRunner runner;
  std::uint64_t next_id = 1;
  TimePoint now{};
};

/// Whether the answer is the one alone, whole.
inline bool is_answer_alone(const Submitted& submitted, const SchedulerConfig& config) {
  const Answer alone = answer_alone(submitted.request, config);
  const auto equal = [](const SampledToken& a, const SampledToken& b) {
    return a.id == b.id && a.logprob.logprob == b.logprob.logprob;
  };
  return submitted.stream->finish && submitted.stream->finish->reason == alone.reason &&
         std::ranges::equal(submitted.stream->tokens, alone.tokens, equal) &&
         std::ranges::equal(submitted.stream->prompt_logprobs, alone.prompt_logprobs, equal);
}

}  // namespace quire::scheduler::testing
