// A StepRunner that speaks a script and waits for permission: tests decide what is sampled, and how
// many steps have happened when they look.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>

#include "scheduler/step_runner.h"

namespace quire::server::testing {

/// Samples byte tokens of TinyModel: output token i is the i-th byte of `script`, then </s>.
/// Thread: run on the engine thread; everything else any.
class ScriptedRunner final : public scheduler::StepRunner {
 public:
  static constexpr engine::TokenId kFirstByte = 5;  // of TinyModel's vocabulary
  static engine::TokenId token_of(char byte) {
    return kFirstByte + static_cast<engine::TokenId>(static_cast<unsigned char>(byte));
  }

  explicit ScriptedRunner(std::string script) : script_(std::move(script)) {}

  /// From now on a step waits for allow().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void allow(int steps) {
    const std::lock_guard lock(mutex_);
    permits_ += steps;
    changed_.notify_all();
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  /// Returns when a step waits for allow().
  void wait_until_waiting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }
  /// Returns when no permission is left unused or nothing is held.
  void wait_until_used() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(20), [this] { return permits_ == 0; });
  }
  /// The next sequences get this error instead of a token.
  void poison(std::string error) {
    const std::lock_guard lock(mutex_);
    poison_ = std::move(error);
  }

  /// The next step fails for good: not as a step, but as a device that is gone.
  void break_down() {
    const std::lock_guard lock(mutex_);
    broken_ = true;
  }

  void run(std::span<const engine::SequenceStep> steps,
           std::span<engine::SequenceResult> results) override {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_ || permits_ > 0; });
    waiting_ = false;
    if (held_) --permits_;
    changed_.notify_all();
    if (broken_) throw std::runtime_error("the device is gone");
    for (std::size_t i = 0; i < steps.size(); ++i) answer(steps[i], results[i]);
  }

 private:
  static engine::SampledToken scored(engine::TokenId id, std::int32_t position,
                                     const engine::SamplingParams& sampling) {
    const float logprob = -0.5F - static_cast<float>(position) / 64.0F;
    engine::SampledToken token{.id = id, .logprob = {id, logprob, 1}, .top = {}};
    for (std::int32_t rank = 0; rank < sampling.top_logprobs; ++rank) {
      token.top.push_back({id + rank, logprob - static_cast<float>(rank), rank + 1});
    }
    return token;
  }

  void answer(const engine::SequenceStep& step, engine::SequenceResult& result) {
    if (!poison_.empty()) {
      result.error = poison_;
      return;
    }
    if (step.sampling->prompt_logprobs) {
      for (std::int32_t p = step.first_position; p < step.first_position + step.rows; ++p) {
        if (p + 1 >= step.prompt_tokens) break;
        const auto next = step.tokens[static_cast<std::size_t>(p) + 1];
        result.prompt_logprobs.push_back(scored(next, p, *step.sampling));
      }
    }
    if (!step.sample) return;
    const auto output = step.tokens.size() - static_cast<std::size_t>(step.prompt_tokens);
    const engine::TokenId id = output < script_.size() ? token_of(script_[output]) : 1;
    result.sampled = scored(id, static_cast<std::int32_t>(step.tokens.size()), *step.sampling);
  }

  const std::string script_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool waiting_ = false;
  int permits_ = 0;
  bool broken_ = false;
  std::string poison_;
};

}  // namespace quire::server::testing
