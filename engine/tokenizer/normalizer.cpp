#include "engine/tokenizer/normalizer.h"

#include <utility>

#include "engine/model_files.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

void run(const PrependNormalizer& step, NormalizedText& value) {
  if (!value.text.empty()) value.text.insert(0, step.prefix);
}

void run(const ReplaceNormalizer& step, NormalizedText& value) {
  value.text = replace_all(step.pattern, value.text, step.content);
}

void run(const UnicodeNormalizer& step, NormalizedText& value) {
  value.text = normalize(value.text, step.form);
}

void run(const LowercaseNormalizer& /*step*/, NormalizedText& value) {
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
  if (skipped > 0) value.keeps_start = false;
  value.text = std::string(rest.substr(skipped));
}

void run(const StripAccentsNormalizer& /*step*/, NormalizedText& value) {
  std::string out;
  out.reserve(value.text.size());
  for (std::size_t at = 0; at < value.text.size();) {
    const CodePoint point = code_point_at(value.text, at);
    if (!is_combining_mark(point.value)) out.append(value.text, at, point.bytes);
    at += point.bytes;
  }
  value.text = std::move(out);
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
  NormalizedText value{std::string(text)};
  for (const Step& step : steps_) {
    std::visit([&](const auto& one) { run(one, value); }, step);
  }
  return value;
}

}  // namespace quire::engine::tokenizer
