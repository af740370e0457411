#include "engine/tokenizer/decoder.h"

#include <utility>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/pre_tokenizer.h"

namespace quire::engine::tokenizer {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string strip(const StripStage& stage, std::string_view token) {
  for (std::size_t i = 0; i < stage.start && token.starts_with(stage.content); ++i) {
    token.remove_prefix(stage.content.size());
  }
  for (std::size_t i = 0; i < stage.stop && token.ends_with(stage.content); ++i) {
    token.remove_suffix(stage.content.size());
  }
  return std::string(token);
}

/// Rewrites `value` as `stage` would between other tokens. True if it fuses tokens.
struct InsideVisitor {
  std::string& value;
  bool fused;

  bool operator()(const ByteLevelStage& /*stage*/) {
    if (std::optional<std::string> bytes = bytes_of_byte_level(value)) value = std::move(*bytes);
    return true;
  }
  bool operator()(const ByteFallbackStage& /*stage*/) {
    if (const int byte = byte_of_token(value); byte >= 0) value.assign(1, static_cast<char>(byte));
    return false;
  }
  bool operator()(const FuseStage& /*stage*/) { return true; }
  bool operator()(const ReplaceStage& stage) {
    value = replace_all(stage.pattern, value, stage.content);
    return false;
  }
  bool operator()(const StripStage& stage) {
    if (!fused) value = strip(stage, value);  // of the whole text, it concerns the ends alone
    return false;
  }
  bool operator()(const MetaspaceStage& stage) {
    value = replace_all(stage.mark, value, " ");
    return false;
  }
  bool operator()(const JoinStage& /*stage*/) { return false; }
};

}  // namespace

int byte_of_token(std::string_view token) noexcept {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return -1;
  const int high = token[3] == '+' ? 0 : hex_value(token[3]);  // Rust's parser takes a sign
  const int low = hex_value(token[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Decoder::Decoder(const JsonAt& config) {
  if (config.is_null()) {
    stages_.emplace_back(JoinStage{});
    return;
  }
  add(config, 0);
  check_order(config);
}

void Decoder::add(const JsonAt& config, int depth) {
  const std::string type = config.type();
  if (type == "Sequence") {
    if (depth == kMaxNesting) config.fail("is nested too deeply");
    const JsonAt list = config.at("decoders");
    for (std::size_t i = 0; i < list.size(); ++i) add(list.element(i), depth + 1);
  } else if (type == "ByteLevel") {
    stages_.emplace_back(ByteLevelStage{});
  } else if (type == "ByteFallback") {
    stages_.emplace_back(ByteFallbackStage{});
  } else if (type == "Fuse") {
    stages_.emplace_back(FuseStage{});
  } else if (type == "Replace") {
    stages_.emplace_back(
        ReplaceStage{read_pattern(config.at("pattern")), config.string("content")});
  } else if (type == "Strip") {
    stages_.emplace_back(StripStage{read_character(config.at("content")),
                                    config.at("start").count(), config.at("stop").count()});
  } else if (type == "Metaspace") {
    MetaspaceStep step = read_metaspace(config);
    stages_.emplace_back(
        MetaspaceStage{std::move(step.mark), step.prepend != MetaspaceStep::Prepend::never});
  } else {
    config.refuse("decoder " + type);
  }
}

/// Once tokens are one, a stage that needs whole tokens would have to wait for the end of the text.
void Decoder::check_order(const JsonAt& config) const {
  bool fused = false;
  for (const DecodeStage& stage : stages_) {
    const auto* replace = std::get_if<ReplaceStage>(&stage);
    const bool needs_tokens = std::holds_alternative<ByteLevelStage>(stage) ||
                              std::holds_alternative<ByteFallbackStage>(stage) ||
                              (replace != nullptr && replace->pattern.literal_text().empty());
    if (fused && needs_tokens)
      config.refuse("a decoder of single tokens after one that fuses them");
    fused = fused || std::holds_alternative<ByteLevelStage>(stage) ||
            std::holds_alternative<FuseStage>(stage);
  }
}

std::string Decoder::bytes_inside(std::string_view token) const {
  std::string value(token);
  bool fused = false;
  for (const DecodeStage& stage : stages_) {
    if (std::visit(InsideVisitor{value, fused}, stage)) fused = true;
  }
  return value;
}

}  // namespace quire::engine::tokenizer
