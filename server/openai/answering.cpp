#include "server/openai/answering.h"

#include <algorithm>
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

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

AnswerHead head_of(const Exchange& exchange, const Context& context, Dialect dialect) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {(dialect == Dialect::chat ? "chatcmpl-" : "cmpl-") + exchange.id(),
          std::chrono::duration_cast<std::chrono::seconds>(now).count(), context.model_name(),
          context.config.fingerprint};
}

TokenInbox::Wake wake_of(const std::shared_ptr<Connection>& connection) {
  const auto executor = connection->executor();
  return {
      .arrived = [executor,
                  connection] { asio::post(executor, [connection] { connection->notify(); }); },
      .overflow = [executor,
                   connection] { asio::post(executor, [connection] { connection->abort(); }); }};
}

}  // namespace

Answering::Answering(Exchange& exchange, Context& context, GenerationRequest request)
    : exchange_(exchange),
      context_(context),
      request_(std::move(request)),
      writer_(request_, context.model.tokenizer(),
              head_of(exchange, context, request_.options.dialect)),
      inbox_(std::make_shared<TokenInbox>(
          // Without a stream nothing waits for a reader, and max_tokens bounds what comes.
          request_.options.stream
              ? static_cast<std::size_t>(context.config.limits.stream_backlog_tokens)
              : kNoLimit,
          wake_of(exchange.share_connection()))) {
  for (std::int32_t index = 0; index < request_.choices(); ++index) {
    tracks_.push_back(std::make_unique<Track>(request_, index, context.model));
  }
}

Answering::~Answering() {
  inbox_->detach();
  cancel_all();
}

void Answering::cancel_all() {
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (!tracks_[i]->finished) context_.engine.cancel(ids_[i], FinishReason::cancelled);
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

asio::awaitable<std::string> Answering::absorb_all(std::vector<Delivery>& deliveries) {
  const auto absorb_each = [this, &deliveries] {
    std::string events;
    for (Delivery& delivery : deliveries) events += absorb(delivery);
    return events;
  };
  // Events with whole prompts in them can be long; one token's never is.
  const bool heavy = request_.echo || request_.options.return_token_ids;
  if (!heavy) co_return absorb_each();
  co_return co_await run_on(context_.workers, absorb_each);
}

asio::awaitable<void> Answering::stream() {
  while (!answered() && !failure_) {
    std::vector<Delivery> deliveries = co_await next();
    if (exchange_.connection().hung_up()) {
      note_ends(deliveries);
      co_return;
    }
    std::string events(kSseKeepalive);
    if (!deliveries.empty()) events = co_await absorb_all(deliveries);
    if (events.empty()) continue;
    const bool alive = co_await exchange_.send_events(events);
    if (!alive) co_return;
  }
  co_await close_stream();
}

asio::awaitable<void> Answering::close_stream() {
  if (failure_ && !exchange_.started()) {
    const HttpResponse response = error_response(*failure_);
    co_await exchange_.send(response);
    co_return;
  }
  std::string events;
  if (failure_) {
    events = sse_event(error_body(*failure_));
    exchange_.close_after();
  } else {
    if (request_.options.include_usage) events = sse_event(to_text(writer_.usage_chunk(usage())));
    events += kSseDone;
  }
  const bool alive = co_await exchange_.send_events(events);
  if (alive) co_await exchange_.finish_events();
}

asio::awaitable<void> Answering::collect() {
  while (!answered() && !failure_) {
    std::vector<Delivery> deliveries = co_await next();
    if (exchange_.connection().hung_up()) {
      note_ends(deliveries);
      co_return;
    }
    co_await absorb_all(deliveries);
  }
  if (failure_) {
    const HttpResponse response = error_response(*failure_);
    co_await exchange_.send(response);
    co_return;
  }
  const auto write = [this] {
    std::vector<ChoiceAnswer> answers;
    for (auto& track : tracks_) answers.push_back(std::move(track->answer));
    return json_response(to_text(writer_.whole(answers, usage())));
  };
  const HttpResponse response = co_await run_on(context_.workers, write);
  co_await exchange_.send(response);
}

asio::awaitable<void> Answering::let_go() {
  cancel_all();
  const auto all_finished = [this] {
    return std::all_of(tracks_.begin(), tracks_.end(),
                       [](const auto& track) { return track->finished; });
  };
  const auto deadline = Clock::now() + kLetGo;
  while (!all_finished() && Clock::now() < deadline) {
    const std::vector<Delivery> deliveries = inbox_->take(kBatch);
    note_ends(deliveries);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (deliveries.empty()) co_await exchange_.connection().wait(left);
  }
  std::int32_t most = 0;
  for (const auto& track : tracks_) most = std::max(most, track->choice.tokens());
  context_.metrics.request_ended(request_.options.n, request_.prompts.front().max_tokens, most);
}

void Answering::note_ends(const std::vector<Delivery>& deliveries) {
  for (const Delivery& delivery : deliveries) {
    const auto* finish = std::get_if<scheduler::Finish>(&delivery.what);
    if (finish == nullptr) continue;
    Track& track = *tracks_[static_cast<std::size_t>(delivery.choice)];
    track.finished = true;
    record(track, *finish, delivery.at);
  }
}

std::string Answering::absorb(Delivery& delivery) {
  Track& track = *tracks_[static_cast<std::size_t>(delivery.choice)];
  if (const auto* started = std::get_if<Started>(&delivery.what)) {
    track.cached_tokens = started->cached_tokens;
    const auto prompt = request_.prompt_of(delivery.choice).tokens.size();
    context_.metrics.prompt_started(static_cast<std::int32_t>(prompt), started->cached_tokens);
    return {};
  }
  if (const auto* scores = std::get_if<PromptLogprobs>(&delivery.what)) {
    track.choice.add_prompt_logprobs(*scores);
    return {};
  }
  if (const auto* token = std::get_if<engine::SampledToken>(&delivery.what)) {
    return absorb_token(track, delivery.choice, *token, delivery.at);
  }
  const auto& finish = std::get<scheduler::Finish>(delivery.what);
  std::string events = absorb_finish(track, delivery.choice, finish);
  record(track, finish, delivery.at);
  return events;
}

std::string Answering::absorb_token(Track& track, std::int32_t index,
                                    const engine::SampledToken& token, Clock::time_point at) {
  if (track.choice.ended() || failure_) return {};  // sampled before the cancel took effect
  if (track.last_token) {
    context_.metrics.next_token(seconds(at - *track.last_token));
  } else {
    context_.metrics.first_token(seconds(at - exchange_.arrived()));
  }
  track.last_token = at;
  std::string events = open(track, index);
  events += show(track, index, track.choice.push(token));
  if (track.choice.ended()) {
    // ids_ is complete before the first delivery is taken.
    context_.engine.cancel(ids_[static_cast<std::size_t>(index)], FinishReason::stop);
    events += show_end(track, index);
  }
  return events;
}

std::string Answering::absorb_finish(Track& track, std::int32_t index,
                                     const scheduler::Finish& finish) {
  track.finished = true;
  if (track.choice.ended() || failure_) return {};
  if (finish.reason == FinishReason::error) {
    failure_ = ApiError{ErrorKind::sequence_failed, finish.error, "", {}};
    return {};
  }
  if (finish.reason == FinishReason::cancelled) {
    failure_ =
        ApiError{ErrorKind::cancelled, "the server is going down", "", std::chrono::seconds(1)};
    return {};
  }
  std::string events = open(track, index);
  events += show(track, index, track.choice.finish(finish.reason == FinishReason::length));
  return events + show_end(track, index);
}

std::string Answering::open(Track& track, std::int32_t index) {
  if (std::exchange(track.opened, true)) return {};
  std::string events;
  if (request_.options.stream && request_.options.dialect == Dialect::chat) {
    events = sse_event(to_text(writer_.first_chunk(index, running_usage(index))));
  }
  if (request_.echo) events += show(track, index, track.choice.echo());
  return events;
}

std::string Answering::show(Track& track, std::int32_t index, Piece piece) {
  if (piece.empty()) return {};
  if (request_.options.stream) {
    return sse_event(to_text(writer_.piece_chunk(index, piece, running_usage(index))));
  }
  track.answer.text += piece.text;
  std::move(piece.tokens.begin(), piece.tokens.end(), std::back_inserter(track.answer.tokens));
  return {};
}

std::string Answering::show_end(Track& track, std::int32_t index) {
  track.answer.end = *track.choice.end();
  if (!request_.options.stream) return {};
  return sse_event(to_text(writer_.end_chunk(index, track.answer.end, running_usage(index))));
}

void Answering::record(const Track& track, const scheduler::Finish& finish, Clock::time_point at) {
  const bool stopped = track.choice.ended();
  context_.metrics.choice_ended(
      {.reason = scheduler::name_of(stopped && finish.reason == FinishReason::cancelled
                                        ? FinishReason::stop
                                        : finish.reason),
       .prompt_tokens = finish.prompt_tokens,
       .computed_prompt_tokens = finish.prompt_tokens - finish.cached_tokens,
       .output_tokens = track.choice.tokens(),
       .end_to_end = seconds(at - exchange_.arrived()),
       .queued = seconds(finish.queued),
       .prefill = seconds(finish.prefill),
       .decode = seconds(finish.decode)});
}

std::optional<Usage> Answering::running_usage(std::int32_t index) const {
  if (!request_.options.continuous_usage) return std::nullopt;
  const Track& track = *tracks_[static_cast<std::size_t>(index)];
  return Usage{static_cast<std::int64_t>(request_.prompt_of(index).tokens.size()),
               track.cached_tokens, track.choice.tokens()};
}

Usage Answering::usage() const {
  Usage usage;
  for (std::int32_t index = 0; index < request_.choices(); ++index) {
    const Track& track = *tracks_[static_cast<std::size_t>(index)];
    usage.completion_tokens += track.choice.tokens();
    if (index % request_.options.n != 0) continue;  // a prompt counts once
    usage.prompt_tokens += static_cast<std::int64_t>(request_.prompt_of(index).tokens.size());
    usage.cached_tokens += track.cached_tokens;
  }
  return usage;
}

bool Answering::answered() const {
  return std::all_of(tracks_.begin(), tracks_.end(),
                     [](const auto& track) { return track->choice.ended(); });
}

std::string Answering::summary() const {
  const Usage figures = usage();
  return "prompt=" + std::to_string(figures.prompt_tokens) +
         " cached=" + std::to_string(figures.cached_tokens) +
         " output=" + std::to_string(figures.completion_tokens) +
         " seed=" + std::to_string(request_.options.seed);
}

}  // namespace quire::server
