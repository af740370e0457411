// Answering: one generation request from submit to the last byte. Moves deliveries from the inbox
// into the growing answer, and what that gives to the client.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/core/context.h"
#include "server/core/token_inbox.h"
#include "server/http/exchange.h"
#include "server/openai/growing_answer.h"
#include "server/openai/request.h"

namespace quire::server {

/// Whatever ends it, nothing that it submitted runs on. Thread: io only, on the connection's
/// strand.
class Answering {
 public:
  Answering(Exchange& exchange, Context& context, GenerationRequest request);
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering();

  boost::asio::awaitable<void> run();
  std::string summary() const;  // figures for the log

 private:
  std::optional<ApiError> submit();
  boost::asio::awaitable<void> stream();
  boost::asio::awaitable<void> collect();
  /// The next deliveries; waits for them. Empty: the client left, or nothing came for a while.
  boost::asio::awaitable<std::vector<Delivery>> next();
  boost::asio::awaitable<std::string> absorb(const std::vector<Delivery>& deliveries);
  boost::asio::awaitable<void> close_stream();
  boost::asio::awaitable<void> let_go();
  void cancel_all();

  Exchange& exchange_;
  Context& context_;
  const GenerationRequest request_;
  std::shared_ptr<TokenInbox> inbox_;
  std::vector<scheduler::RequestId> ids_;  // by choice; empty until submitted
  GrowingAnswer answer_;
};

}  // namespace quire::server
