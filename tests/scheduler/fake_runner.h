// A StepRunner whose KV cache is exact: each slot remembers the whole token history it was computed
// from, so a row that attends to anything but its own sequence's past is found at once. The token
// it samples depends on the history and the seed alone, so every answer is known in advance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "scheduler/admission.h"
#include "scheduler/step_runner.h"

namespace quire::scheduler::testing {

using engine::SampledToken;
using engine::SequenceResult;
using engine::SequenceStep;
using engine::TokenId;

/// splitmix64: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }
  /// Uniform in [low, high].
  std::int32_t between(std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11U) < probability * 0x1p53;
  }
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
  }

 private:
  std::uint64_t state_;
};

/// What a KV slot holds after `token` has been added to `history`.
inline std::uint64_t extend_history(std::uint64_t history, TokenId token) {
  return Random::mix(history * 31 + static_cast<std::uint64_t>(token) + 1);
}

inline std::uint64_t history_of(std::span<const TokenId> tokens) {
  std::uint64_t history = 0;
  for (const TokenId token : tokens) history = extend_history(history, token);
  return history;
}

/// Description of `token` after `history`: distinguishes every pair of them.
inline SampledToken describe(std::uint64_t history, TokenId token) {
  const auto value = static_cast<float>(extend_history(history, token) >> 40U);
  return {.id = token, .logprob = {.id = token, .logprob = value, .rank = 1}, .top = {}};
}

inline SampledToken sample_after(std::uint64_t history, const engine::SamplingParams& params,
                                 std::int32_t output_tokens, std::int32_t vocab) {
  std::uint64_t noise = Random::mix(history ^ Random::mix(params.seed));
  const auto pick = [&] { return static_cast<TokenId>(noise % static_cast<std::uint64_t>(vocab)); };
  const auto& stops = params.stop_token_ids;
  while (output_tokens < params.min_tokens && std::ranges::binary_search(stops, pick())) {
    noise = Random::mix(noise + 1);
  }
  return describe(history, pick());
}

/// What a request must get when nothing goes wrong.
struct Answer {
  std::vector<SampledToken> prompt_logprobs;
  std::vector<SampledToken> tokens;
  FinishReason reason = FinishReason::length;
};

inline Answer answer_alone(const Request& request, const SchedulerConfig& config) {
  Answer answer;
  std::uint64_t history = 0;
  for (std::size_t i = 0; i < request.prompt.size(); ++i) {
    if (i > 0 && request.sampling.prompt_logprobs) {
      answer.prompt_logprobs.push_back(describe(history, request.prompt[i]));
    }
    history = extend_history(history, request.prompt[i]);
  }
  const std::int32_t limit = output_limit(request, config);
  for (std::int32_t n = 0; n < limit; ++n) {
    answer.tokens.push_back(sample_after(history, request.sampling, n, config.vocab_size));
    const TokenId id = answer.tokens.back().id;
    history = extend_history(history, id);
    if (n >= request.sampling.min_tokens &&
        std::ranges::binary_search(request.sampling.stop_token_ids, id)) {
      answer.reason = FinishReason::stop;
      break;
    }
  }
  return answer;
}

class FakeRunner final : public StepRunner {
 public:
  enum class Fault : std::uint8_t { none, before_writing, after_writing };

  explicit FakeRunner(const SchedulerConfig& config)
      : config_(config),
        slots_(static_cast<std::size_t>(config.kv_blocks * engine::kBlockTokens)),
        written_(slots_.size()) {}

  void run(std::span<const SequenceStep> steps, std::span<SequenceResult> results) override {
    if (before_run) before_run();
    ++step_;
    check_limits(steps, results);
    if (next_fault == Fault::before_writing) fail();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool garbage =
          next_fault != Fault::none || static_cast<std::int32_t>(i) == next_poisoned;
      write(steps[i], garbage);
    }
    if (next_fault == Fault::after_writing) fail();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      computed_rows += static_cast<std::uint64_t>(steps[i].rows);
      if (static_cast<std::int32_t>(i) == next_poisoned) {
        results[i].error = "logits are not finite";
      } else {
        answer(steps[i], results[i]);
      }
    }
    next_poisoned = -1;
  }

  /// The first breach of the contract of SequenceStep, or the first wrong KV read.
  std::string breach;
  std::uint64_t computed_rows = 0;
  Fault next_fault = Fault::none;    // of the next step
  std::int32_t next_poisoned = -1;   // index into the next step
  std::function<void()> before_run;  // called at the start of each step

 private:
  [[noreturn]] void fail() {
    next_fault = Fault::none;
    next_poisoned = -1;
    throw StepFailed("device lost its step");
  }

  void check(bool holds, const std::string& what) {
    if (!holds && breach.empty()) breach = "step " + std::to_string(step_) + ": " + what;
  }

  void check_limits(std::span<const SequenceStep> steps, std::span<SequenceResult> results) {
    std::int64_t rows = 0;
    for (const SequenceStep& step : steps) {
      rows += step.rows;
      const std::int64_t end = std::int64_t{step.first_position} + step.rows;
      check(step.rows >= 1, "a sequence without rows");
      check(end <= std::ssize(step.tokens), "rows beyond the tokens");
      check(!step.sample || end == std::ssize(step.tokens), "a sample in the middle");
      check(std::ssize(step.blocks) * engine::kBlockTokens >= end, "rows without a block");
      check(std::set(step.blocks.begin(), step.blocks.end()).size() == step.blocks.size(),
            "a block twice in one sequence");
    }
    check(results.size() == steps.size(), "results and steps differ in number");
    check(!steps.empty(), "an empty step");
    check(rows <= config_.max_batch_tokens, "more rows than the budget");
    check(std::ssize(steps) <= config_.max_sequences, "more sequences than the limit");
  }

  std::size_t slot_of(const SequenceStep& step, std::int32_t position) const {
    const auto p = static_cast<std::size_t>(position);
    constexpr std::size_t kTokens = engine::kBlockTokens;
    return static_cast<std::size_t>(step.blocks[p / kTokens]) * kTokens + p % kTokens;
  }

  void write(const SequenceStep& step, bool garbage) {
    const auto first = static_cast<std::size_t>(step.first_position);
    std::uint64_t history = history_of(step.tokens.first(first));
    for (std::int32_t p = step.first_position; p < step.first_position + step.rows; ++p) {
      history = extend_history(history, step.tokens[static_cast<std::size_t>(p)]);
      const std::size_t slot = slot_of(step, p);
      check(written_[slot] != step_, "two rows write the same slot");
      written_[slot] = step_;
      slots_[slot] = garbage ? ~history : history;
    }
  }

  void answer(const SequenceStep& step, SequenceResult& result) {
    const std::int32_t end = step.first_position + step.rows;
    std::uint64_t history = 0;
    for (std::int32_t p = 0; p < end; ++p) {
      history = extend_history(history, step.tokens[static_cast<std::size_t>(p)]);
      if (slots_[slot_of(step, p)] != history) {
        check(false, "position " + std::to_string(p) + " reads KV of other tokens");
      }
      if (step.sampling->prompt_logprobs && p >= step.first_position &&
          p + 1 < step.prompt_tokens) {
        const TokenId next = step.tokens[static_cast<std::size_t>(p) + 1];
        result.prompt_logprobs.push_back(describe(history, next));
      }
    }
    if (step.sample) {
      result.sampled =
          sample_after(history, *step.sampling, end - step.prompt_tokens, config_.vocab_size);
    }
  }

  SchedulerConfig config_;
  std::vector<std::uint64_t> slots_;    // history up to and with the token there; 0 = never written
  std::vector<std::uint64_t> written_;  // in which step
  std::uint64_t step_ = 0;
};

}  // namespace quire::scheduler::testing
