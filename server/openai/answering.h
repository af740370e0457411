// Answering: one generation request from submit to the last byte. Takes the tokens of all choices
// from the inbox and turns them into a stream or one answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/core/context.h"
#include "server/core/token_inbox.h"
#include "server/http/exchange.h"
#include "server/openai/answer.h"
#include "server/openai/choice.h"
#include "server/openai/request.h"

namespace quire::server {

/// Lives on the connection's strand. Whatever ends it, nothing it submitted runs on.
class Answering {
 public:
  Answering(Exchange& exchange, Context& context, GenerationRequest request);
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering();

  boost::asio::awaitable<void> run();
  std::string summary() const;  // figures for the log

 private:
  using Clock = std::chrono::steady_clock;

  /// One choice: what the engine knows it by, how it grows, and when.
  struct Track {
    Track(const GenerationRequest& request, std::int32_t index, const engine::Model& model)
        : choice(request, index, model) {}
    Choice choice;
    ChoiceAnswer answer;  // only for an answer as a whole
    std::int32_t cached_tokens = 0;
    bool opened = false;    // role and echo are out
    bool finished = false;  // the engine has let go of it
    std::optional<Clock::time_point> last_token;
  };

  std::optional<ApiError> submit();
  boost::asio::awaitable<void> stream();
  boost::asio::awaitable<void> collect();
  /// The next deliveries; waits for them. Empty: the client left, or nothing came for a while.
  boost::asio::awaitable<std::vector<Delivery>> next();
  boost::asio::awaitable<std::string> absorb_all(std::vector<Delivery>& deliveries);
  boost::asio::awaitable<void> close_stream();
  boost::asio::awaitable<void> let_go();

  std::string absorb(Delivery& delivery);
  /// Of deliveries that nobody reads any more, only the ends matter.
  void note_ends(const std::vector<Delivery>& deliveries);
  std::string absorb_token(Track& track, std::int32_t index, const engine::SampledToken& token,
                           Clock::time_point at);
  std::string absorb_finish(Track& track, std::int32_t index, const scheduler::Finish& finish);
  std::string open(Track& track, std::int32_t index);
  std::string show(Track& track, std::int32_t index, Piece piece);
  std::string show_end(Track& track, std::int32_t index);
  void record(const Track& track, const scheduler::Finish& finish, Clock::time_point at);
  /// Of this choice alone: what the others have got by now depends on timing.
  std::optional<Usage> running_usage(std::int32_t index) const;
  Usage usage() const;
  bool answered() const;
  void cancel_all();

  Exchange& exchange_;
  Context& context_;
  GenerationRequest request_;
  AnswerWriter writer_;
  std::shared_ptr<TokenInbox> inbox_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::vector<scheduler::RequestId> ids_;  // empty until submitted
  std::optional<ApiError> failure_;        // a sequence failed: the whole answer does
};

}  // namespace quire::server
