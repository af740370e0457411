#include "engine/tokenizer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/tokenizer/decode_stream.h"
#include "engine/tokenizer/tokenizer_impl.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine {

using tokenizer::AddedToken;
using tokenizer::JsonAt;
using tokenizer::Segment;

namespace {

constexpr const char* kTokenizerFile = "tokenizer.json";

/// Positions in a text are 32 bits in the merging of one piece.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30U;

const nlohmann::json kNull;
const nlohmann::json kNoTokens = nlohmann::json::array();

JsonAt optional_part(const JsonAt& config, const char* key) {
  return config.lacks(key) ? JsonAt(kNull, config.path() + "." + key) : config.at(key);
}

/// The model part, once it is known to be one that is supported.
JsonAt bpe_part(const JsonAt& config) {
  const JsonAt model = config.at("model");
  if (!model.lacks("type")) {
    if (const std::string type = model.type(); type != "BPE") model.refuse("model " + type);
  } else if (!model.lacks("unk_id")) {
    model.refuse("model Unigram");  // older files tell models by their fields
  } else if (!model.lacks("max_input_chars_per_word")) {
    model.refuse("model WordPiece");
  } else if (model.lacks("merges")) {
    model.refuse("a model without type and merges");
  }
  return model;
}

/// The text of a token in a config: a string, or an object with "content".
std::optional<std::string> token_text(const nlohmann::json& config, const char* key) {
  if (!config.is_object()) return std::nullopt;
  const auto found = config.find(key);
  if (found == config.end()) return std::nullopt;
  const nlohmann::json& value =
      found->is_object() && found->contains("content") ? (*found)["content"] : *found;
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

/// Tokens of tokenizer_config.json that tokenizer.json lacks, in the order of their ids.
std::map<TokenId, AddedToken> config_tokens(const nlohmann::json& config) {
  std::map<TokenId, AddedToken> tokens;
  if (!config.is_object() || !config.contains("added_tokens_decoder")) return tokens;
  const JsonAt entries = JsonAt(config, "tokenizer_config.json").at("added_tokens_decoder");
  if (!entries.value().is_object()) entries.fail("must be an object");
  for (const auto& [key, value] : entries.value().items()) {
    const JsonAt entry(value, entries.path() + "." + key);
    const nlohmann::json number = nlohmann::json::parse(key, nullptr, false);
    const auto id = static_cast<TokenId>(JsonAt(number, entry.path()).index());
    tokens.emplace(id, read_added_token(entry, id));
  }
  return tokens;
}

}  // namespace

Tokenizer::Impl::Impl(const JsonAt& config)
    : model(bpe_part(config)),
      added(config.lacks("added_tokens") ? JsonAt(kNoTokens, config.path())
                                         : config.at("added_tokens"),
            model.vocabulary()),
      normalizer(optional_part(config, "normalizer")),
      pre_tokenizer(optional_part(config, "pre_tokenizer")),
      post_processor(optional_part(config, "post_processor")),
      decoder(optional_part(config, "decoder")) {}

std::optional<std::string_view> Tokenizer::Impl::text_to_decode(TokenId id,
                                                                bool skip_special_tokens) const {
  if (id < 0 || static_cast<std::size_t>(id) >= special.size()) return std::nullopt;
  if (skip_special_tokens && special[static_cast<std::size_t>(id)]) return std::nullopt;
  if (const AddedToken* token = added.find(id)) return token->decoded;
  const std::string_view text = model.vocabulary().text(id);
  if (text.data() == nullptr) return std::nullopt;
  return text;
}

void Tokenizer::Impl::encode_segment(std::string_view text, std::size_t start_bytes,
                                     tokenizer::BpeScratch& scratch,
                                     std::vector<TokenId>& ids) const {
  tokenizer::Pieces pieces = pre_tokenizer.apply(std::string(text), start_bytes);
  for (const tokenizer::Pieces::Span& span : pieces.spans) {
    model.encode(pieces.view(span), scratch, ids);
  }
}

Tokenizer::Tokenizer(const ModelFiles& files) {
  const auto parse = [&](const char* name) {
    return files.contains(name) ? tokenizer::parse_json(files.text(name), name) : nlohmann::json();
  };
  const nlohmann::json config = tokenizer::parse_json(files.text(kTokenizerFile), kTokenizerFile);
  const nlohmann::json settings = parse("tokenizer_config.json");
  const nlohmann::json map = parse("special_tokens_map.json");
  impl_ = std::make_unique<Impl>(JsonAt(config, kTokenizerFile));
  for (auto& [id, token] : config_tokens(settings)) {
    impl_->added.add_missing(std::move(token), impl_->model.vocabulary());
  }
  impl_->added.index(impl_->normalizer);
  const std::size_t end = std::max(impl_->model.vocabulary().end_id(), impl_->added.end_id());
  impl_->special.resize(end);
  for (std::size_t id = 0; id < end; ++id) {
    const AddedToken* added = impl_->added.find(static_cast<TokenId>(id));
    impl_->special[id] = added != nullptr && added->special;
  }
  const auto named = [&](const char* key) -> std::optional<TokenId> {
    std::optional<std::string> text = token_text(settings, key);
    if (!text) text = token_text(map, key);
    return text ? find(*text) : std::nullopt;
  };
  impl_->bos = named("bos_token");
  impl_->eos = named("eos_token");
}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  if (text.size() > kMaxTextBytes) throw EncodeError("the text is longer than 1 GiB");
  std::string repaired;
  if (!is_valid_utf8(text)) {
    tokenizer::Utf8Repair repair;
    repair.push(text, repaired);
    repair.finish(repaired);
    text = repaired;
  }
  std::vector<TokenId> ids;
  tokenizer::BpeScratch scratch;
  for (const Segment& segment : impl_->added.split_raw(text)) {
    if (segment.id) {
      ids.push_back(*segment.id);
      continue;
    }
    const tokenizer::NormalizedText normalized =
        impl_->normalizer.apply(text.substr(segment.begin, segment.end - segment.begin));
    const std::string_view clean = normalized.text;
    for (const Segment& part : impl_->added.split_normalized(clean)) {
      if (part.id) {
        ids.push_back(*part.id);
      } else {
        const std::size_t start_bytes = segment.begin == 0 ? normalized.start_bytes : 0;
        impl_->encode_segment(clean.substr(part.begin, part.end - part.begin),
                              start_bytes - std::min(start_bytes, part.begin), scratch, ids);
      }
    }
  }
  return impl_->post_processor.apply(std::move(ids), options.add_special_tokens);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special_tokens) const {
  tokenizer::DecodeStream stream(impl_->decoder);
  std::string out;
  for (const TokenId id : ids) {
    if (const auto text = impl_->text_to_decode(id, skip_special_tokens)) stream.push(*text, out);
  }
  stream.finish(out);
  return out;
}

std::int32_t Tokenizer::vocab_size() const noexcept {
  return static_cast<std::int32_t>(impl_->special.size());
}

std::optional<TokenId> Tokenizer::find(std::string_view token) const {
  if (const AddedToken* added = impl_->added.find(token)) return added->id;
  return impl_->model.vocabulary().find(token);
}

std::string_view Tokenizer::token(TokenId id) const {
  if (const AddedToken* added = impl_->added.find(id)) return added->content;
  return impl_->model.vocabulary().text(id);
}

std::string Tokenizer::token_bytes(TokenId id) const {
  const auto text = impl_->text_to_decode(id, false);
  return text ? impl_->decoder.bytes_inside(*text) : std::string();
}

bool Tokenizer::is_special(TokenId id) const {
  return id >= 0 && static_cast<std::size_t>(id) < impl_->special.size() &&
         impl_->special[static_cast<std::size_t>(id)];
}

std::optional<TokenId> Tokenizer::bos() const noexcept {
  return impl_->bos;
}
std::optional<TokenId> Tokenizer::eos() const noexcept {
  return impl_->eos;
}

}  // namespace quire::engine
