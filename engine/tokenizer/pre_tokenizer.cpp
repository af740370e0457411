#include "engine/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

/// GPT-2's pattern (openai/gpt-2, encoder.py), which ByteLevel uses unless told otherwise.
const Pattern& gpt2_pattern() {
  static const Pattern pattern = Pattern::regex(
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)");
  return pattern;
}

/// Replaces the pieces by what `parts_of` cuts each of them into.
template <class PartsOf>
void split_each(Pieces& pieces, const PartsOf& parts_of, SplitBehavior behavior) {
  std::vector<Pieces::Span> spans;
  spans.reserve(pieces.spans.size());
  for (const Pieces::Span& span : pieces.spans) {
    for (const Part& part : cut(parts_of(pieces.view(span)), behavior)) {
      if (part.begin == part.end) continue;
      spans.push_back({span.begin + part.begin, span.begin + part.end,
                       span.start_bytes - std::min(span.start_bytes, part.begin)});
    }
  }
  pieces.spans = std::move(spans);
}

/// Replaces the text of each piece; `rewrite(text, at_start, out)` appends the new one, of which
/// the first character stands for the start if the old one's did.
template <class Rewrite>
void rewrite_each(Pieces& pieces, const Rewrite& rewrite) {
  std::string text;
  text.reserve(pieces.text.size() + pieces.text.size() / 4);
  for (Pieces::Span& span : pieces.spans) {
    const std::size_t begin = text.size();
    const bool at_start = span.start_bytes > 0;
    rewrite(pieces.view(span), at_start, text);
    span = {begin, text.size(), at_start ? code_point_at(text, begin).bytes : 0};
  }
  pieces.text = std::move(text);
}

void run(const ByteLevelStep& step, Pieces& pieces) {
  if (step.add_prefix_space) {
    rewrite_each(pieces, [](std::string_view piece, bool, std::string& out) {
      if (!piece.starts_with(' ')) out += ' ';
      out += piece;
    });
  }
  if (step.use_regex) {
    split_each(
        pieces, [](std::string_view piece) { return gpt2_pattern().parts(piece); },
        SplitBehavior::isolated);
  }
  rewrite_each(pieces, [](std::string_view piece, bool, std::string& out) {
    append_byte_level(piece, out);
  });
}

void run(const SplitStep& step, Pieces& pieces) {
  const auto parts_of = [&](std::string_view piece) {
    std::vector<Part> parts = step.pattern.parts(piece);
    if (step.invert) {
      for (Part& part : parts) part.matched = !part.matched;
    }
    return parts;
  };
  split_each(pieces, parts_of, step.behavior);
}

void run(const MetaspaceStep& step, Pieces& pieces) {
  rewrite_each(pieces, [&](std::string_view piece, bool at_start, std::string& out) {
    const bool marked = piece.starts_with(' ') || piece.starts_with(step.replacement);
    const bool wanted = step.prepend == MetaspaceStep::Prepend::always ||
                        (step.prepend == MetaspaceStep::Prepend::first && at_start);
    if (wanted && !marked) out += step.replacement;
    for (const char c : piece) {
      if (c == ' ') {
        out += step.replacement;
      } else {
        out += c;
      }
    }
  });
  if (!step.split) return;
  split_each(
      pieces, [&](std::string_view piece) { return step.mark.parts(piece); },
      SplitBehavior::merged_with_next);
}

void run(const DigitsStep& step, Pieces& pieces) {
  split_each(
      pieces, [](std::string_view piece) { return parts_by_character(piece, is_numeric); },
      step.individual ? SplitBehavior::isolated : SplitBehavior::contiguous);
}

void run(const PunctuationStep& step, Pieces& pieces) {
  split_each(
      pieces, [](std::string_view piece) { return parts_by_character(piece, is_punctuation); },
      step.behavior);
}

void run(const WhitespaceStep& /*step*/, Pieces& pieces) {
  split_each(pieces, parts_by_word, SplitBehavior::removed);
}

void run(const WhitespaceSplitStep& /*step*/, Pieces& pieces) {
  split_each(
      pieces, [](std::string_view piece) { return parts_by_character(piece, is_white_space); },
      SplitBehavior::removed);
}

SplitBehavior read_behavior(const JsonAt& config) {
  static constexpr std::array<std::string_view, 5> kNames{
      "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
  const std::string name = config.string();
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) config.refuse("behavior " + name);
  return static_cast<SplitBehavior>(found - kNames.begin());
}

}  // namespace

std::string read_character(const JsonAt& config) {
  std::string text = config.string();
  if (text.empty() || code_point_at(text, 0).bytes != text.size()) {
    config.fail("must be one character");
  }
  return text;
}

MetaspaceStep read_metaspace(const JsonAt& config) {
  const std::string replacement = read_character(config.at("replacement"));
  MetaspaceStep step{replacement, Pattern::literal(replacement), MetaspaceStep::Prepend::always,
                     config.boolean_or("split", true)};
  if (!config.lacks("prepend_scheme")) {
    const std::string name = config.string("prepend_scheme");
    if (name == "first") {
      step.prepend = MetaspaceStep::Prepend::first;
    } else if (name == "never") {
      step.prepend = MetaspaceStep::Prepend::never;
    } else if (name != "always") {
      config.refuse("prepend_scheme " + name);
    }
  }
  // The older field may be present too, and then must agree.
  if (!config.boolean_or("add_prefix_space", true) &&
      step.prepend != MetaspaceStep::Prepend::never) {
    config.fail("add_prefix_space does not agree with prepend_scheme");
  }
  return step;
}

PreTokenizer::PreTokenizer(const JsonAt& config) {
  if (!config.is_null()) add(config, 0);
}

void PreTokenizer::add(const JsonAt& config, int depth) {
  const std::string type = config.type();
  if (type == "Sequence") {
    if (depth == kMaxNesting) config.fail("is nested too deeply");
    const JsonAt list = config.at("pretokenizers");
    for (std::size_t i = 0; i < list.size(); ++i) add(list.element(i), depth + 1);
  } else if (type == "ByteLevel") {
    steps_.emplace_back(
        ByteLevelStep{config.boolean("add_prefix_space"), config.boolean_or("use_regex", true)});
  } else if (type == "Split") {
    steps_.emplace_back(SplitStep{read_pattern(config.at("pattern")),
                                  read_behavior(config.at("behavior")), config.boolean("invert")});
  } else if (type == "Metaspace") {
    steps_.emplace_back(read_metaspace(config));
  } else if (type == "Digits") {
    steps_.emplace_back(DigitsStep{config.boolean("individual_digits")});
  } else if (type == "Punctuation") {
    steps_.emplace_back(PunctuationStep{
        config.lacks("behavior") ? SplitBehavior::isolated : read_behavior(config.at("behavior"))});
  } else if (type == "Whitespace") {
    steps_.emplace_back(WhitespaceStep{});
  } else if (type == "WhitespaceSplit") {
    steps_.emplace_back(WhitespaceSplitStep{});
  } else if (type == "CharDelimiterSplit") {
    steps_.emplace_back(SplitStep{Pattern::literal(read_character(config.at("delimiter"))),
                                  SplitBehavior::removed, false});
  } else {
    config.refuse("pre_tokenizer " + type);
  }
}

Pieces PreTokenizer::apply(std::string text, std::size_t start_bytes) const {
  Pieces pieces{std::move(text), {}};
  if (pieces.text.empty()) return pieces;
  pieces.spans.push_back({0, pieces.text.size(), start_bytes});
  for (const Step& step : steps_) {
    std::visit([&](const auto& one) { run(one, pieces); }, step);
  }
  return pieces;
}

}  // namespace quire::engine::tokenizer
