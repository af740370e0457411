#include "engine/tokenizer/decode_stream.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/byte_alphabet.h"

namespace quire::engine::tokenizer {
namespace {

/// The input of one stage, or the output behind the last.
class Sink {
 public:
  Sink(const Decoder& decoder, std::vector<StageState>& states, std::size_t at, std::string& out)
      : decoder_(decoder), states_(states), at_(at), out_(out) {}

  void text(std::string_view fragment);
  void end_token();
  void end_stream();

  void token(std::string_view whole) {
    text(whole);
    end_token();
  }

 private:
  bool is_output() const { return at_ == states_.size(); }
  Sink next() { return {decoder_, states_, at_ + 1, out_}; }

  const Decoder& decoder_;
  std::vector<StageState>& states_;
  std::size_t at_;
  std::string& out_;
};

// ByteLevel: `held` is the token, all output is one token.

void on_text(const ByteLevelStage& /*stage*/, StageState& state, std::string_view fragment, Sink) {
  state.held += fragment;
}

void on_end_token(const ByteLevelStage& /*stage*/, StageState& state, Sink next) {
  const std::optional<std::string> bytes = bytes_of_byte_level(state.held);
  std::string whole;
  state.repair.push(bytes ? *bytes : state.held, whole);
  state.held.clear();
  next.text(whole);
}

void on_end_stream(const ByteLevelStage& /*stage*/, StageState& state, Sink next) {
  std::string rest;
  state.repair.finish(rest);
  next.token(rest);
  next.end_stream();
}

// ByteFallback: a run waits for its end, because one bad byte spoils all of it; once it is spoilt,
// nothing waits.

void on_text(const ByteFallbackStage& /*stage*/, StageState& state, std::string_view fragment,
             Sink) {
  state.held += fragment;
}

void spoil_run(StageState& state, Sink& next) {
  for (std::size_t i = 0; i < state.run.size(); ++i) next.token(kReplacement);
  state.run.clear();
}

void end_run(StageState& state, Sink& next) {
  if (state.count != state.run.size()) {
    spoil_run(state, next);
  } else if (!state.run.empty()) {
    next.token(state.run);
  }
  state.run.clear();
  state.count = 0;
  state.settled = false;
}

void add_to_run(StageState& state, char byte, Sink& next) {
  state.run += byte;
  while (!state.settled && state.count < state.run.size()) {
    const Utf8Scan scan = scan_utf8(std::string_view(state.run).substr(state.count));
    if (scan.kind == Utf8Kind::incomplete) return;
    if (scan.kind == Utf8Kind::valid) {
      state.count += scan.bytes;
    } else {
      state.settled = true;
    }
  }
  if (!state.settled) return;
  state.count = 0;
  spoil_run(state, next);
}

void on_end_token(const ByteFallbackStage& /*stage*/, StageState& state, Sink next) {
  const std::string token = std::exchange(state.held, {});
  if (const int byte = byte_of_token(token); byte >= 0) {
    add_to_run(state, static_cast<char>(byte), next);
  } else {
    end_run(state, next);
    next.token(token);
  }
}

void on_end_stream(const ByteFallbackStage& /*stage*/, StageState& state, Sink next) {
  end_run(state, next);
  next.end_stream();
}

// Fuse.

void on_text(const FuseStage& /*stage*/, StageState& /*state*/, std::string_view fragment,
             Sink next) {
  next.text(fragment);
}

void on_end_token(const FuseStage& /*stage*/, StageState& /*state*/, Sink /*next*/) {}

void on_end_stream(const FuseStage& /*stage*/, StageState& /*state*/, Sink next) {
  next.end_token();
  next.end_stream();
}

// Replace: a literal is replaced as it streams by, and only what may become it is held; a regular
// expression sees whole tokens.

/// Length of the longest end of `text` that begins `literal` without being it.
std::size_t possible_start(std::string_view text, std::string_view literal) {
  for (std::size_t n = std::min(text.size(), literal.size() - 1); n > 0; --n) {
    if (literal.starts_with(text.substr(text.size() - n))) return n;
  }
  return 0;
}

void on_text(const ReplaceStage& stage, StageState& state, std::string_view fragment, Sink next) {
  state.held += fragment;
  const std::string& literal = stage.pattern.literal_text();
  if (literal.empty()) return;
  const std::string text = std::exchange(state.held, {});
  std::string settled;
  std::size_t done = 0;
  for (std::size_t found = text.find(literal); found != std::string::npos;
       found = text.find(literal, done)) {
    settled.append(text, done, found - done);
    settled += stage.content;
    done = found + literal.size();
  }
  const std::string_view rest = std::string_view(text).substr(done);
  const std::size_t held = possible_start(rest, literal);
  settled += rest.substr(0, rest.size() - held);
  state.held = rest.substr(rest.size() - held);
  next.text(settled);
}

void on_end_token(const ReplaceStage& stage, StageState& state, Sink next) {
  const std::string rest = std::exchange(state.held, {});
  const bool whole = stage.pattern.literal_text().empty();
  next.token(whole ? replace_all(stage.pattern, rest, stage.content) : rest);
}

void on_end_stream(const ReplaceStage& /*stage*/, StageState& /*state*/, Sink next) {
  next.end_stream();
}

// Strip: `held` is the trailing run of `content`, at most `stop` of them.

void on_text(const StripStage& stage, StageState& state, std::string_view fragment, Sink next) {
  while (!state.settled && !fragment.empty()) {
    if (state.count < stage.start && fragment.starts_with(stage.content)) {
      fragment.remove_prefix(stage.content.size());
      ++state.count;
    } else {
      state.settled = true;
    }
  }
  if (stage.stop == 0) return next.text(fragment);
  const std::string text = std::exchange(state.held, {}) + std::string(fragment);
  std::string_view settled = text;
  for (std::size_t i = 0; i < stage.stop && settled.ends_with(stage.content); ++i) {
    settled.remove_suffix(stage.content.size());
  }
  state.held = text.substr(settled.size());
  next.text(settled);
}

void on_end_token(const StripStage& /*stage*/, StageState& state, Sink next) {
  state = StageState();
  next.end_token();
}

void on_end_stream(const StripStage& /*stage*/, StageState& /*state*/, Sink next) {
  next.end_stream();
}

// Metaspace.

void on_text(const MetaspaceStage& stage, StageState& state, std::string_view fragment, Sink next) {
  const bool drop = state.count == 0 && stage.drop_in_first;
  next.text(replace_all(stage.mark, fragment, drop ? "" : " "));
}

void on_end_token(const MetaspaceStage& /*stage*/, StageState& state, Sink next) {
  ++state.count;
  next.end_token();
}

void on_end_stream(const MetaspaceStage& /*stage*/, StageState& /*state*/, Sink next) {
  next.end_stream();
}

// Join: the only stage where it occurs, so its input tokens come whole.

void on_text(const JoinStage& /*stage*/, StageState& state, std::string_view fragment, Sink next) {
  if (state.count > 0) next.text(" ");
  next.text(fragment);
}

void on_end_token(const JoinStage& /*stage*/, StageState& state, Sink next) {
  ++state.count;
  next.end_token();
}

void on_end_stream(const JoinStage& /*stage*/, StageState& /*state*/, Sink next) {
  next.end_stream();
}

void Sink::text(std::string_view fragment) {
  if (is_output()) {
    out_ += fragment;
    return;
  }
  std::visit([&](const auto& stage) { on_text(stage, states_[at_], fragment, next()); },
             decoder_.stages()[at_]);
}

void Sink::end_token() {
  if (is_output()) return;
  std::visit([&](const auto& stage) { on_end_token(stage, states_[at_], next()); },
             decoder_.stages()[at_]);
}

void Sink::end_stream() {
  if (is_output()) return;
  std::visit([&](const auto& stage) { on_end_stream(stage, states_[at_], next()); },
             decoder_.stages()[at_]);
}

}  // namespace

void DecodeStream::push(std::string_view token, std::string& out) {
  Sink(*decoder_, states_, 0, out).token(token);
}

void DecodeStream::finish(std::string& out) {
  Sink(*decoder_, states_, 0, out).end_stream();
}

}  // namespace quire::engine::tokenizer
