#include "simulation.h"

#include <algorithm>
#include <iterator>

#include "audit.h"
#include "scheduler/admission.h"

namespace quire::scheduler::testing {
namespace {

// Far more than any scenario needs (a few hundred): beyond it, somebody waits for ever.
constexpr std::uint64_t kEndlessSteps = 50'000;

// Few hashes for many blocks: the comparison of tokens alone keeps answers apart.
BlockHash four_bit_hash(const BlockHash& parent, std::span<const TokenId> tokens) {
  return {.low = hash_block(parent, tokens).low & 15U, .high = 0};
}

std::string mismatch(const char* what, std::span<const SampledToken> got,
                     std::span<const SampledToken> alone, bool whole) {
  if (got.size() > alone.size() || (whole && got.size() != alone.size())) {
    return std::string(what) + ": " + std::to_string(got.size()) + " instead of " +
           std::to_string(alone.size());
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].id != alone[i].id || got[i].logprob.logprob != alone[i].logprob.logprob) {
      return std::string(what) + " " + std::to_string(i) + " differs from the answer alone";
    }
  }
  return {};
}

}  // namespace

Simulation::Simulation(const Profile& profile, std::uint64_t seed)
    : profile_(profile),
      random_(seed),
      config_(random_config(profile, random_)),
      scheduler_(config_, random_hash(profile, random_)),
      runner_(config_),
      arrival_(random_.chance(0.5) ? 0.8 : 0.05),
      to_arrive_(random_.between(1, 60)) {
  for (int i = 0; i < 3; ++i) {
    auto& stem = stems_.emplace_back(static_cast<std::size_t>(profile.max_prompt));
    for (TokenId& token : stem) token = random_.between(0, config_.vocab_size - 1);
  }
}

SchedulerConfig Simulation::random_config(const Profile& profile, Random& random) {
  SchedulerConfig config;
  config.max_batch_tokens = random.between(1, random.chance(0.2) ? 6 : profile.max_budget);
  config.max_sequences = random.between(1, random.chance(0.2) ? 3 : profile.max_running);
  config.max_queued = 1000;
  if (random.chance(0.5)) config.target_step = std::chrono::milliseconds(random.between(1, 3));
  config.kv_blocks = random.between(2, profile.max_blocks);
  config.max_model_tokens = random.between(8, profile.max_prompt + profile.max_output);
  config.vocab_size = random.between(2, 60);
  config.prefix_cache = random.chance(profile.prefix_cache);
  config.order = random.chance(0.5) ? OrderPolicy::fcfs : OrderPolicy::priority;
  return config;
}

HashBlock Simulation::random_hash(const Profile& profile, Random& random) {
  return random.chance(profile.colliding_hash) ? four_bit_hash : hash_block;
}

Request Simulation::random_request() {
  Request request;
  const std::int32_t length = random_.between(1, random_.chance(0.3) ? 20 : profile_.max_prompt);
  if (random_.chance(profile_.shares_prefix)) {
    const auto& stem = stems_[static_cast<std::size_t>(random_.between(0, 2))];
    request.prompt.assign(stem.begin(), stem.begin() + random_.between(0, length));
  }
  while (std::ssize(request.prompt) < length) {
    request.prompt.push_back(random_.between(0, config_.vocab_size - 1));
  }
  request.priority = random_.between(-2, 2);
  if (random_.chance(0.1)) request.cache_salt = "another tenant";
  auto& sampling = request.sampling;
  sampling.seed = random_.next();
  sampling.max_tokens = random_.between(1, random_.chance(0.5) ? profile_.max_output : 25);
  if (random_.chance(0.3)) sampling.stop_token_ids = {random_.between(0, config_.vocab_size - 1)};
  if (random_.chance(0.3)) sampling.min_tokens = random_.between(0, sampling.max_tokens);
  sampling.prompt_logprobs = random_.chance(0.1);
  if (sampling.prompt_logprobs && random_.chance(0.3)) {
    sampling.max_tokens = sampling.min_tokens = 0;
  }
  return request;
}

void Simulation::submit(const Request& request) {
  if (find_refusal(request, config_)) return;
  const RequestId id{next_id_++};
  Client& client = clients_[id];
  client.request = request;
  client.submitted = now_;
  scheduler_.add(id, request, client.stream, now_);
}

void Simulation::arrive() {
  --to_arrive_;
  Request request = random_request();
  const int copies = random_.chance(profile_.burst) ? random_.between(2, 8) : 1;
  for (int i = 0; i < copies; ++i) {
    if (random_.chance(0.5)) request.sampling.seed = random_.next();
    submit(request);
  }
}

void Simulation::cancel_somebody() {
  if (clients_.empty()) return;
  auto chosen = clients_.begin();
  std::advance(chosen, random_.between(0, static_cast<std::int32_t>(clients_.size()) - 1));
  if (!chosen->second.stream->finish) chosen->second.disturbed = true;
  const bool stop_string = random_.chance(0.5);
  scheduler_.cancel(chosen->first, stop_string ? FinishReason::stop : FinishReason::cancelled,
                    now_);
}

std::string Simulation::run() {
  while (to_arrive_ > 0 || !scheduler_.idle()) {
    if (steps_ > kEndlessSteps) return "some request never ends";
    now_ += std::chrono::microseconds(random_.between(1, 1000));
    while (to_arrive_ > 0 && (scheduler_.idle() || random_.chance(arrival_))) arrive();
    if (random_.chance(profile_.cancel)) cancel_somebody();
    if (random_.chance(0.0002)) {
      for (auto& [id, client] : clients_) client.disturbed |= !client.stream->finish.has_value();
      scheduler_.end_all(FinishReason::cancelled, {}, now_);
    }
    take_deliveries();
    if (scheduler_.idle()) continue;
    std::string wrong = step();
    if (wrong.empty()) wrong = audit(scheduler_.state());
    if (wrong.empty()) wrong = runner_.breach;
    if (!wrong.empty()) return "step " + std::to_string(steps_) + ": " + wrong;
  }
  if (scheduler_.state().pool.in_use() != 0) return "blocks in use when idle";
  return check_ends();
}

std::string Simulation::step() {
  const std::vector<Progress> before = progress();
  const std::string wrong = run_step();
  ++steps_;
  take_deliveries();
  if (wrong.empty() && !scheduler_.last_step().failed) return compare_progress(before);
  return wrong;
}

std::string Simulation::run_step() {
  const auto steps = scheduler_.begin_step(now_);
  if (steps.empty()) return "an empty step although somebody lives";
  now_ += std::chrono::microseconds(random_.between(1, 1000));
  if (random_.chance(profile_.poisoned_row)) {
    runner_.next_poisoned = random_.between(0, static_cast<std::int32_t>(steps.size()) - 1);
  }
  if (random_.chance(profile_.failed_step)) {
    runner_.next_fault =
        random_.chance(0.5) ? FakeRunner::Fault::before_writing : FakeRunner::Fault::after_writing;
  }
  std::vector<SequenceResult> results(steps.size());
  const std::size_t lived = scheduler_.state().sequences.size();
  try {
    runner_.run(steps, results);
    scheduler_.commit_step(results, now_);
  } catch (const StepFailed& failure) {
    scheduler_.fail_step(failure.what(), now_);
    if (scheduler_.state().sequences.size() + results.size() != lived) {
      return "a failed step ends exactly its own sequences";
    }
  }
  return {};
}

void Simulation::take_deliveries() {
  for (const Delivery& delivery : scheduler_.take_deliveries()) {
    deliver(delivery);
    if (!delivery.finish) continue;
    Client& client = clients_.at(delivery.id);
    client.ended = now_;
    client.disturbed |= delivery.finish->reason == FinishReason::error;
  }
}

std::vector<Simulation::Progress> Simulation::progress() const {
  std::vector<Progress> list;
  for (const Sequence* sequence : scheduler_.state().running) {
    list.push_back({.id = sequence->id,
                    .computed = sequence->computed,
                    .one_row_left = sequence->remaining() == 1});
  }
  return list;
}

/// In every step, each decoding sequence and the first one in order move on. Whoever does not was
/// preempted, and never the first.
std::string Simulation::compare_progress(const std::vector<Progress>& before) const {
  const State& state = scheduler_.state();
  bool first_chunk_seen = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool must_move = before[i].one_row_left || !first_chunk_seen;
    first_chunk_seen |= !before[i].one_row_left;
    const auto found = state.sequences.find(before[i].id);
    if (found == state.sequences.end()) continue;  // it ended
    const Sequence& sequence = *found->second;
    const bool runs = std::ranges::find(state.running, &sequence) != state.running.end();
    if (!runs && i == 0) return "the first in order was preempted";
    if (runs && must_move && sequence.computed <= before[i].computed) {
      return "a sequence stands still";
    }
  }
  return {};
}

std::string Simulation::check_ends() const {
  for (const auto& [id, client] : clients_) {
    const std::string wrong = check_client(client);
    if (!wrong.empty())
      return "request " + std::to_string(static_cast<std::uint64_t>(id)) + ": " + wrong;
  }
  return {};
}

std::string Simulation::check_client(const Client& client) const {
  const RecordingStream& stream = *client.stream;
  if (!stream.breach.empty()) return stream.breach;
  if (!stream.finish) return "never ended";
  const Finish& finish = *stream.finish;
  const Answer alone = answer_alone(client.request, config_);
  const bool whole = !client.disturbed;
  std::string wrong = mismatch("token", stream.tokens, alone.tokens, whole);
  if (wrong.empty()) {
    wrong = mismatch("prompt logprob", stream.prompt_logprobs, alone.prompt_logprobs, whole);
  }
  if (!wrong.empty()) return wrong;
  if (whole && finish.reason != alone.reason) return "another finish reason than alone";
  if (finish.output_tokens != std::ssize(stream.tokens)) return "output_tokens";
  if (finish.prompt_tokens != std::ssize(client.request.prompt)) return "prompt_tokens";
  if (finish.cached_tokens != stream.started.value_or(0)) return "cached_tokens";
  if (finish.cached_tokens >= finish.prompt_tokens) return "the whole prompt came from the cache";
  if (!config_.prefix_cache && finish.cached_tokens > 0) return "a hit without prefix cache";
  if (whole && finish.preemptions == 0 &&
      finish.computed_tokens !=
          finish.prompt_tokens - finish.cached_tokens + std::max(finish.output_tokens - 1, 0)) {
    return "computed_tokens";
  }
  if (finish.queued + finish.prefill + finish.decode != client.ended - client.submitted) {
    return "queued + prefill + decode is not the time it took";
  }
  return {};
}

}  // namespace quire::scheduler::testing
