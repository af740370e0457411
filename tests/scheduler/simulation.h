// One seeded run of the whole scheduler against a fake engine and a virtual clock: random limits,
// arrivals, shared prefixes, cancels, failing steps. Everything follows from the seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake_runner.h"
#include "recording_stream.h"
#include "scheduler/scheduler.h"

namespace quire::scheduler::testing {

/// What a family of scenarios stresses. Probabilities are per step unless named otherwise.
struct Profile {
  const char* name = "";
  std::int32_t max_blocks = 40;  // of the pool
  std::int32_t max_budget = 64;
  std::int32_t max_running = 12;
  std::int32_t max_prompt = 120;
  std::int32_t max_output = 100;
  double shares_prefix = 0.7;  // of a request
  double burst = 0.2;          // of an arrival: several requests with the same prompt
  double cancel = 0.01;
  double failed_step = 0.0;
  double poisoned_row = 0.0;
  double prefix_cache = 0.8;  // of a scenario
  double colliding_hash = 0.0;
};

class Simulation {
 public:
  Simulation(const Profile& profile, std::uint64_t seed);

  /// Runs until every request has ended. Returns what went wrong, or nothing.
  std::string run();
  std::uint64_t steps() const noexcept { return steps_; }
  std::uint64_t preemptions() const { return scheduler_.snapshot().preemptions; }
  std::uint64_t prefix_hits() const { return scheduler_.snapshot().prefix_hits; }
  std::int32_t completed() const noexcept { return completed_; }

 private:
  struct Client {
    Request request;
    std::shared_ptr<RecordingStream> stream = std::make_shared<RecordingStream>();
    TimePoint submitted;
    TimePoint ended;
    bool disturbed = false;  // cancelled, or in a failed step
  };
  struct Progress {
    RequestId id{};
    std::int32_t computed = 0;
    bool one_row_left = false;
  };

  static SchedulerConfig random_config(const Profile& profile, Random& random);
  static HashBlock random_hash(const Profile& profile, Random& random);
  Request random_request();
  void arrive();
  void submit(const Request& request);
  void cancel_somebody();
  std::string step();
  std::string run_step();
  void take_deliveries();
  std::vector<Progress> progress() const;
  std::string compare_progress(const std::vector<Progress>& before) const;
  std::string check_ends() const;
  std::string check_client(const Client& client) const;

  Profile profile_;
  Random random_;
  SchedulerConfig config_;
  Scheduler scheduler_;
  FakeRunner runner_;
  std::vector<std::vector<engine::TokenId>> stems_;  // prefixes that requests share
  std::map<RequestId, Client> clients_;
  double arrival_;  // probability of another arrival, after each one
  std::int32_t to_arrive_;
  std::uint64_t next_id_ = 1;
  std::uint64_t steps_ = 0;
  std::int32_t completed_ = 0;
  TimePoint now_{};
};

}  // namespace quire::scheduler::testing
