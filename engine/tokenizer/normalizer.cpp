#include "engine/tokenizer/normalizer.h"

#include <algorithm>
#include <utility>

#include "engine/model_files.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += code_point_at(text, at).bytes) ++count;
  return count;
}

/// Bytes of the first `count` characters, or of all.
std::size_t bytes_of_characters(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += code_point_at(text, at).bytes;
  return at;
}

/// The part of the text that stands for the first character of the original.
std::string_view start_of(const NormalizedText& value) {
  return std::string_view(value.text).substr(0, value.start_bytes);
}

void run(const PrependNormalizer& step, NormalizedText& value) {
  if (value.text.empty()) return;
  value.text.insert(0, step.prefix);
  if (value.start_bytes > 0) value.start_bytes += step.prefix.size();
}

void run(const ReplaceNormalizer& step, NormalizedText& value) {
  std::size_t start_bytes = 0;
  for (const Part& part : step.pattern.parts(start_of(value))) {
    start_bytes += part.matched ? step.content.size() : part.end - part.begin;
  }
  value.text = replace_all(step.pattern, value.text, step.content);
  value.start_bytes = std::min(start_bytes, value.text.size());
}

void run(const UnicodeNormalizer& step, NormalizedText& value) {
  const std::size_t characters = count_characters(normalize(start_of(value), step.form));
  value.text = normalize(value.text, step.form);
  value.start_bytes = bytes_of_characters(value.text, characters);
}

void run(const LowercaseNormalizer& /*step*/, NormalizedText& value) {
  value.start_bytes = to_lower(start_of(value)).size();
  value.text = to_lower(value.text);
}

void run(const StripNormalizer& step, NormalizedText& value) {
  std::string_view rest = value.text;
  while (step.right && !rest.empty()) {
    const CodePoint last = code_point_before(rest, rest.size());
    if (!is_white_space(last.value)) break;
    rest.remove_suffix(last.bytes);
  }
  std::size_t skipped = 0;
  while (step.left && skipped < rest.size()) {
    const CodePoint first = code_point_at(rest, skipped);
    if (!is_white_space(first.value)) break;
    skipped += first.bytes;
  }
  rest.remove_prefix(skipped);
  const std::size_t start_left = value.start_bytes - std::min(value.start_bytes, skipped);
  value = {std::string(rest), std::min(start_left, rest.size())};
}

std::string without_marks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (!is_combining_mark(point.value)) out.append(text, at, point.bytes);
    at += point.bytes;
  }
  return out;
}

void run(const StripAccentsNormalizer& /*step*/, NormalizedText& value) {
  value.start_bytes = without_marks(start_of(value)).size();
  value.text = without_marks(value.text);
}

}  // namespace

Pattern read_pattern(const JsonAt& config) {
  try {
    if (!config.lacks("String")) return Pattern::literal(config.string("String"));
    return Pattern::regex(config.string("Regex"));
  } catch (const LoadError& error) {
    const std::string_view what = error.what();
    if (what.starts_with(config.path())) throw;
    config.fail(what);
  }
}

Normalizer::Normalizer(const JsonAt& config) {
  if (!config.is_null()) add(config, 0);
}

void Normalizer::add(const JsonAt& config, int depth) {
  const std::string type = config.type();
  if (type == "Sequence") {
    if (depth == kMaxNesting) config.fail("is nested too deeply");
    const JsonAt list = config.at("normalizers");
    for (std::size_t i = 0; i < list.size(); ++i) add(list.element(i), depth + 1);
  } else if (type == "Prepend") {
    steps_.emplace_back(PrependNormalizer{config.string("prepend")});
  } else if (type == "Replace") {
    steps_.emplace_back(
        ReplaceNormalizer{read_pattern(config.at("pattern")), config.string("content")});
  } else if (type == "NFC") {
    steps_.emplace_back(UnicodeNormalizer{NormalForm::nfc});
  } else if (type == "NFD") {
    steps_.emplace_back(UnicodeNormalizer{NormalForm::nfd});
  } else if (type == "NFKC") {
    steps_.emplace_back(UnicodeNormalizer{NormalForm::nfkc});
  } else if (type == "NFKD") {
    steps_.emplace_back(UnicodeNormalizer{NormalForm::nfkd});
  } else if (type == "Lowercase") {
    steps_.emplace_back(LowercaseNormalizer{});
  } else if (type == "Strip") {
    steps_.emplace_back(
        StripNormalizer{config.boolean("strip_left"), config.boolean("strip_right")});
  } else if (type == "StripAccents") {
    steps_.emplace_back(StripAccentsNormalizer{});
  } else {
    config.refuse("normalizer " + type);
  }
}

NormalizedText Normalizer::apply(std::string_view text) const {
  NormalizedText value{std::string(text), bytes_of_characters(text, 1)};
  for (const Step& step : steps_) {
    std::visit([&](const auto& one) { run(one, value); }, step);
  }
  return value;
}

}  // namespace quire::engine::tokenizer
