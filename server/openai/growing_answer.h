// GrowingAnswer: all choices of one request while their tokens arrive. Deliveries of the engine in;
// events of a stream, or one whole answer, out. Knows no socket and no coroutine.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/core/metrics.h"
#include "server/core/token_inbox.h"
#include "server/openai/answer.h"
#include "server/openai/choice.h"
#include "server/openai/request.h"

namespace quire::server {

/// Thread: caller synchronises. Request, model and metrics must outlive it.
class GrowingAnswer {
 public:
  using Clock = std::chrono::steady_clock;
  struct Setting {
    AnswerHead head;
    Clock::time_point arrived;
    std::function<void(std::int32_t choice)>
        stopped;  // a stop string ended it: the engine may stop
  };

  GrowingAnswer(const GenerationRequest& request, const engine::Model& model, Metrics& metrics,
                Setting setting);

  /// The events to send; always "" when the request does not stream.
  std::string absorb(const Delivery& delivery);
  /// Of deliveries that nobody reads any more, only the ends matter.
  void note_ends(const std::vector<Delivery>& deliveries);

  /// Every choice has ended, for the client.
  bool answered() const;
  /// The engine has let go of this choice, or of all.
  bool let_go(std::int32_t choice) const;
  bool let_go() const;
  /// A sequence failed or was cancelled from our side: so does the whole answer.
  const std::optional<ApiError>& failure() const noexcept { return failure_; }

  /// The body of an answer as a whole. REQUIRES: answered(), called once.
  std::string take_whole();
  /// The last events of a stream. REQUIRES: answered().
  std::string last_events() const;
  Usage usage() const;
  std::int32_t most_tokens() const;

 private:
  /// One choice: how it grows, and when.
  struct Track {
    Track(const GenerationRequest& request, std::int32_t index, const engine::Model& model)
        : choice(request, index, model) {}
    Choice choice;
    ChoiceAnswer answer;  // only for an answer as a whole
    std::int32_t cached_tokens = 0;
    bool opened = false;  // role and echo are out
    bool let_go = false;
    std::optional<Clock::time_point> last_token;
  };

  std::string absorb_token(Track& track, std::int32_t index, const engine::SampledToken& token,
                           Clock::time_point at);
  std::string absorb_finish(Track& track, std::int32_t index, const scheduler::Finish& finish);
  std::string open(Track& track, std::int32_t index);
  std::string show(Track& track, std::int32_t index, Piece piece);
  std::string show_end(Track& track, std::int32_t index);
  void record(Track& track, const scheduler::Finish& finish, Clock::time_point at);
  /// Of this choice alone: what the others have got by now depends on timing.
  std::optional<Usage> running_usage(std::int32_t index) const;
  Track& track_of(std::int32_t choice) { return *tracks_[static_cast<std::size_t>(choice)]; }
  const Track& track_of(std::int32_t choice) const {
    return *tracks_[static_cast<std::size_t>(choice)];
  }

  const GenerationRequest& request_;
  Metrics& metrics_;
  Setting setting_;
  AnswerWriter writer_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::optional<ApiError> failure_;
};

}  // namespace quire::server
