#include "server/openai/growing_answer.h"

#include <algorithm>
#include <utility>

#include "server/http/sse.h"

namespace quire::server {

using scheduler::FinishReason;

namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

GrowingAnswer::GrowingAnswer(const GenerationRequest& request, const engine::Model& model,
                             Metrics& metrics, Setting setting)
    : request_(request),
      metrics_(metrics),
      setting_(std::move(setting)),
      writer_(request, model.tokenizer(), setting_.head) {
  for (std::int32_t index = 0; index < request.choices(); ++index) {
    tracks_.push_back(std::make_unique<Track>(request, index, model));
  }
}

void GrowingAnswer::note_ends(const std::vector<Delivery>& deliveries) {
  for (const Delivery& delivery : deliveries) {
    const auto* finish = std::get_if<scheduler::Finish>(&delivery.what);
    if (finish == nullptr) continue;
    Track& track = track_of(delivery.choice);
    record(track, *finish, delivery.at);
  }
}

std::string GrowingAnswer::absorb(const Delivery& delivery) {
  Track& track = track_of(delivery.choice);
  if (const auto* started = std::get_if<Started>(&delivery.what)) {
    track.cached_tokens = started->cached_tokens;
    const auto prompt = request_.prompt_of(delivery.choice).tokens.size();
    metrics_.prompt_started(static_cast<std::int32_t>(prompt), started->cached_tokens);
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

std::string GrowingAnswer::absorb_token(Track& track, std::int32_t index,
                                        const engine::SampledToken& token, Clock::time_point at) {
  if (track.choice.ended() || failure_) return {};  // sampled before the cancel took effect
  if (track.last_token) {
    metrics_.next_token(seconds(at - *track.last_token));
  } else {
    metrics_.first_token(seconds(at - setting_.arrived));
  }
  track.last_token = at;
  std::string events = open(track, index);
  events += show(track, index, track.choice.push(token));
  if (track.choice.ended()) {
    setting_.stopped(index);
    events += show_end(track, index);
  }
  return events;
}

std::string GrowingAnswer::absorb_finish(Track& track, std::int32_t index,
                                         const scheduler::Finish& finish) {
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

std::string GrowingAnswer::open(Track& track, std::int32_t index) {
  if (std::exchange(track.opened, true)) return {};
  std::string events;
  if (request_.options.stream && request_.options.dialect == Dialect::chat) {
    events = sse_event(to_text(writer_.first_chunk(index, running_usage(index))));
  }
  if (request_.echo) events += show(track, index, track.choice.echo());
  return events;
}

std::string GrowingAnswer::show(Track& track, std::int32_t index, Piece piece) {
  if (piece.empty()) return {};
  if (request_.options.stream) {
    return sse_event(to_text(writer_.piece_chunk(index, piece, running_usage(index))));
  }
  track.answer.text += piece.text;
  std::move(piece.tokens.begin(), piece.tokens.end(), std::back_inserter(track.answer.tokens));
  return {};
}

std::string GrowingAnswer::show_end(Track& track, std::int32_t index) {
  track.answer.end = *track.choice.end();
  if (!request_.options.stream) return {};
  return sse_event(to_text(writer_.end_chunk(index, track.answer.end, running_usage(index))));
}

void GrowingAnswer::record(Track& track, const scheduler::Finish& finish, Clock::time_point at) {
  track.let_go = true;
  const bool stopped = track.choice.ended();
  metrics_.choice_ended(
      {.reason = scheduler::name_of(stopped && finish.reason == FinishReason::cancelled
                                        ? FinishReason::stop
                                        : finish.reason),
       .prompt_tokens = finish.prompt_tokens,
       .computed_prompt_tokens = finish.prompt_tokens - finish.cached_tokens,
       .output_tokens = track.choice.tokens(),
       .end_to_end = seconds(at - setting_.arrived),
       .queued = seconds(finish.queued),
       .prefill = seconds(finish.prefill),
       .decode = seconds(finish.decode)});
}

std::optional<Usage> GrowingAnswer::running_usage(std::int32_t index) const {
  if (!request_.options.continuous_usage) return std::nullopt;
  const Track& track = track_of(index);
  return Usage{static_cast<std::int64_t>(request_.prompt_of(index).tokens.size()),
               track.cached_tokens, track.choice.tokens()};
}

Usage GrowingAnswer::usage() const {
  Usage usage;
  for (std::int32_t index = 0; index < request_.choices(); ++index) {
    const Track& track = track_of(index);
    usage.completion_tokens += track.choice.tokens();
    if (index % request_.options.n != 0) continue;  // a prompt counts once
    usage.prompt_tokens += static_cast<std::int64_t>(request_.prompt_of(index).tokens.size());
    usage.cached_tokens += track.cached_tokens;
  }
  return usage;
}

bool GrowingAnswer::answered() const {
  return std::all_of(tracks_.begin(), tracks_.end(),
                     [](const auto& track) { return track->choice.ended(); });
}

bool GrowingAnswer::let_go(std::int32_t choice) const {
  return track_of(choice).let_go;
}

bool GrowingAnswer::let_go() const {
  return std::all_of(tracks_.begin(), tracks_.end(),
                     [](const auto& track) { return track->let_go; });
}

std::string GrowingAnswer::take_whole() {
  std::vector<ChoiceAnswer> answers;
  for (auto& track : tracks_) answers.push_back(std::move(track->answer));
  return to_text(writer_.whole(answers, usage()));
}

std::string GrowingAnswer::last_events() const {
  std::string events;
  if (request_.options.include_usage) events = sse_event(to_text(writer_.usage_chunk(usage())));
  return events.append(kSseDone);
}

std::int32_t GrowingAnswer::most_tokens() const {
  std::int32_t most = 0;
  for (const auto& track : tracks_) most = std::max(most, track->choice.tokens());
  return most;
}

}  // namespace quire::server
