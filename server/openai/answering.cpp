#include "server/openai/answering.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "server/http/sse.h"

namespace quire::server {

namespace asio = boost::asio;
using scheduler::FinishReason;

namespace {

constexpr std::size_t kBatch = 64;         // deliveries between two writes
constexpr std::chrono::seconds kLetGo{2};  // wait for the engine after a cancel
constexpr std::size_t kNoLimit = SIZE_MAX;

AnswerHead head_of(const Exchange& exchange, const Context& context, Dialect dialect) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {(dialect == Dialect::chat ? "chatcmpl-" : "cmpl-") + exchange.id(),
          std::chrono::duration_cast<std::chrono::seconds>(now).count(), context.model_name(),
          context.config.fingerprint};
}

/// Wakes the session on its own strand. A connection that cannot keep up is closed.
TokenInbox::Wake wake_of(const std::shared_ptr<Connection>& connection) {
  const auto executor = connection->executor();
  return {.arrived = [=] { asio::post(executor, [connection] { connection->notify(); }); },
          .overflow = [=] { asio::post(executor, [connection] { connection->abort(); }); }};
}

/// Without a stream nothing waits for a reader, and max_tokens bounds what comes.
std::size_t backlog_of(const GenerationRequest& request, const ServerLimits& limits) {
  return request.options.stream ? static_cast<std::size_t>(limits.stream_backlog_tokens) : kNoLimit;
}

}  // namespace

Answering::Answering(Exchange& exchange, Context& context, GenerationRequest request)
    : exchange_(exchange),
      context_(context),
      request_(std::move(request)),
      inbox_(std::make_shared<TokenInbox>(backlog_of(request_, context.config.limits),
                                          wake_of(exchange.share_connection()))),
      answer_(request_, context.model, context.metrics,
              {.head = head_of(exchange, context, request_.options.dialect),
               .arrived = exchange.arrived(),
               .stopped = [this](std::int32_t choice) {
                 // ids_ is complete before the first delivery is taken.
                 const auto id = ids_[static_cast<std::size_t>(choice)];
                 context_.engine.cancel(id, FinishReason::stop);
               }}) {}

Answering::~Answering() {
  inbox_->detach();
  cancel_all();
}

void Answering::cancel_all() {
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (!answer_.let_go(static_cast<std::int32_t>(i))) context_.engine.cancel(ids_[i]);
  }
}

std::optional<ApiError> Answering::submit() {
  std::vector<std::pair<scheduler::Request, std::shared_ptr<scheduler::TokenStream>>> requests;
  for (std::int32_t index = 0; index < request_.choices(); ++index) {
    requests.emplace_back(scheduler::Request{.prompt = request_.prompt_of(index).tokens,
                                             .sampling = request_.sampling_of(index),
                                             .priority = request_.options.priority,
                                             .cache_salt = request_.options.cache_salt},
                          inbox_->stream(index));
  }
  auto submitted = context_.engine.submit_all(std::move(requests));
  if (!submitted) {
    return to_api_error(submitted.error(), request_.options.dialect == Dialect::chat);
  }
  ids_ = std::move(submitted).value();
  return std::nullopt;
}

asio::awaitable<void> Answering::run() {
  // Copies of long prompts are made off the io thread.
  const auto submit_all = [this] { return submit(); };
  const auto refusal = co_await run_on(context_.workers, submit_all);
  if (refusal) {
    const HttpResponse response = error_response(*refusal);
    co_await exchange_.send(response);
    co_return;
  }
  exchange_.connection().watch_hang_up();
  if (request_.options.stream) {
    co_await stream();
  } else {
    co_await collect();
  }
  co_await let_go();
  co_await exchange_.connection().stop_watching();
}

asio::awaitable<std::vector<Delivery>> Answering::next() {
  Connection& connection = exchange_.connection();
  auto deliveries = inbox_->take(kBatch);
  if (!deliveries.empty()) {
    // Other connections of this io thread get their turn.
    co_await asio::post(connection.executor(), asio::use_awaitable);
    co_return deliveries;
  }
  for (bool woken = true; woken && deliveries.empty() && !connection.hung_up();) {
    woken = co_await connection.wait(context_.config.timeouts.keepalive);
    deliveries = inbox_->take(kBatch);
  }
  co_return deliveries;
}

asio::awaitable<std::string> Answering::absorb(const std::vector<Delivery>& deliveries) {
  const auto absorb_each = [this, &deliveries] {
    std::string events;
    for (const Delivery& delivery : deliveries) events += answer_.absorb(delivery);
    return events;
  };
  // Events with whole prompts in them can be long; one token's never is.
  const bool heavy = request_.echo || request_.options.return_token_ids;
  if (!heavy) co_return absorb_each();
  co_return co_await run_on(context_.workers, absorb_each);
}

asio::awaitable<void> Answering::stream() {
  while (!answer_.answered() && !answer_.failure()) {
    const std::vector<Delivery> deliveries = co_await next();
    if (exchange_.connection().hung_up()) {
      answer_.note_ends(deliveries);
      co_return;
    }
    std::string events(kSseKeepalive);
    if (!deliveries.empty()) events = co_await absorb(deliveries);
    if (events.empty() || (answer_.failure() && !exchange_.started())) continue;
    const bool alive = co_await exchange_.send_events(events);
    if (!alive) co_return;
  }
  co_await close_stream();
}

asio::awaitable<void> Answering::close_stream() {
  const auto& failure = answer_.failure();
  if (failure && !exchange_.started()) {
    const HttpResponse response = error_response(*failure);
    co_await exchange_.send(response);
    co_return;
  }
  if (failure) exchange_.close_after();
  const std::string events = failure ? sse_event(error_body(*failure)) : answer_.last_events();
  const bool alive = co_await exchange_.send_events(events);
  if (alive) co_await exchange_.finish_events();
}

asio::awaitable<void> Answering::collect() {
  while (!answer_.answered() && !answer_.failure()) {
    const std::vector<Delivery> deliveries = co_await next();
    if (exchange_.connection().hung_up()) {
      answer_.note_ends(deliveries);
      co_return;
    }
    co_await absorb(deliveries);
  }
  HttpResponse response;
  if (answer_.failure()) {
    response = error_response(*answer_.failure());
  } else {
    const auto write = [this] { return answer_.take_whole(); };
    response.body = co_await run_on(context_.workers, write);
  }
  co_await exchange_.send(response);
}

asio::awaitable<void> Answering::let_go() {
  cancel_all();
  const auto deadline = std::chrono::steady_clock::now() + kLetGo;
  for (auto now = deadline - kLetGo; !answer_.let_go() && now < deadline;
       now = std::chrono::steady_clock::now()) {
    const std::vector<Delivery> deliveries = inbox_->take(kBatch);
    answer_.note_ends(deliveries);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
    if (deliveries.empty()) co_await exchange_.connection().wait(left);
  }
  context_.metrics.request_ended(request_.options.n, request_.prompts.front().max_tokens,
                                 answer_.most_tokens());
}

std::string Answering::summary() const {
  const Usage figures = answer_.usage();
  return "prompt=" + std::to_string(figures.prompt_tokens) +
         " cached=" + std::to_string(figures.cached_tokens) +
         " output=" + std::to_string(figures.completion_tokens) +
         " seed=" + std::to_string(request_.options.seed);
}

}  // namespace quire::server
