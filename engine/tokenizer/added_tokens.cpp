#include "engine/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

/// Bounds the work per byte of text; the longest tokens known are runs of 128 blanks.
constexpr std::size_t kMaxContentBytes = 1024;

/// Where the white space before `end` begins, at `least` or later.
std::size_t white_space_before(std::string_view text, std::size_t end, std::size_t least) {
  while (end > least) {
    const CodePoint point = code_point_before(text, end);
    if (!is_white_space(point.value)) break;
    end -= point.bytes;
  }
  return end;
}

std::size_t white_space_after(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    if (!is_white_space(point.value)) break;
    at += point.bytes;
  }
  return at;
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin > 0 && is_word(code_point_before(text, begin).value)) ||
         (end < text.size() && is_word(code_point_at(text, end).value));
}

/// The id that the Rust library gives a new token, whatever the file says.
std::size_t next_id(std::size_t end_of_added, const Vocabulary& vocabulary) {
  return std::max(end_of_added, vocabulary.count());
}

}  // namespace

void TokenTrie::add(std::string_view text, std::size_t value) {
  std::size_t node = 0;
  first_bytes_[static_cast<unsigned char>(text[0])] = true;
  for (const char c : text) {
    const std::uint64_t key = (std::uint64_t{node} << 8U) | static_cast<unsigned char>(c);
    if (const std::uint64_t* child = children_.find(key)) {
      node = *child;
    } else {
      children_.put(key, values_.size());
      node = values_.size();
      values_.emplace_back();
    }
  }
  if (!values_[node]) values_[node] = value;
}

std::optional<TokenTrie::Match> TokenTrie::find(std::string_view text, std::size_t from) const {
  if (values_.size() == 1) return std::nullopt;
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!first_bytes_[static_cast<unsigned char>(text[begin])]) continue;
    std::optional<Match> longest;
    std::size_t node = 0;
    for (std::size_t at = begin; at < text.size(); ++at) {
      const std::uint64_t key = (std::uint64_t{node} << 8U) | static_cast<unsigned char>(text[at]);
      const std::uint64_t* child = children_.find(key);
      if (child == nullptr) break;
      node = *child;
      if (values_[node]) longest = Match{begin, at + 1, *values_[node]};
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

AddedToken read_added_token(const JsonAt& config, TokenId id) {
  AddedToken token;
  token.content = config.string("content");
  token.id = id;
  token.single_word = config.boolean_or("single_word", false);
  token.lstrip = config.boolean_or("lstrip", false);
  token.rstrip = config.boolean_or("rstrip", false);
  token.special = config.boolean_or("special", false);
  token.normalized = config.boolean_or("normalized", !token.special);
  if (token.content.size() > kMaxContentBytes) config.refuse("so long an added token");
  return token;
}

AddedTokens::AddedTokens(const JsonAt& config, const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < config.size(); ++i) {
    const JsonAt entry = config.element(i);
    AddedToken token = read_added_token(entry, static_cast<TokenId>(entry.at("id").index()));
    if (token.content.empty() || find(token.content) != nullptr) continue;
    const std::optional<TokenId> known = vocabulary.find(token.content);
    const TokenId expected = known ? *known : static_cast<TokenId>(next_id(end_id_, vocabulary));
    if (token.id != expected) {
      entry.fail(in_quotes(token.content) + " has the id " + std::to_string(token.id) +
                 ", but the vocabulary and the tokens before it give it " +
                 std::to_string(expected));
    }
    add(std::move(token));
  }
}

void AddedTokens::add_missing(AddedToken token, const Vocabulary& vocabulary) {
  const bool known = token.content.empty() || find(token.content) != nullptr ||
                     find(token.id) != nullptr || vocabulary.find(token.content) ||
                     vocabulary.text(token.id).data() != nullptr;
  if (!known) add(std::move(token));
}

void AddedTokens::add(AddedToken token) {
  by_content_.emplace(token.content, tokens_.size());
  by_id_.emplace(token.id, tokens_.size());
  end_id_ = std::max(end_id_, static_cast<std::size_t>(token.id) + 1);
  tokens_.push_back(std::move(token));
}

/// Special tokens first: where two normalised contents are equal, the first one wins.
void AddedTokens::index(const Normalizer& normalizer) {
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      AddedToken& token = tokens_[i];
      if (token.special != special) continue;
      token.decoded = token.normalized ? normalizer.apply(token.content).text : token.content;
      if (!token.normalized) {
        raw_.add(token.content, i);
      } else if (!token.decoded.empty()) {
        normalized_.add(token.decoded, i);
      }
    }
  }
}

const AddedToken* AddedTokens::find(TokenId id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::find(std::string_view content) const noexcept {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

std::vector<Segment> AddedTokens::split(const TokenTrie& trie, std::string_view text) const {
  std::vector<Segment> segments;
  std::size_t done = 0;
  std::size_t from = 0;
  while (const auto match = trie.find(text, from)) {
    from = match->end;
    const AddedToken& token = tokens_[match->value];
    if (token.single_word && touches_word(text, match->begin, match->end)) continue;
    std::size_t begin = match->begin;
    std::size_t end = match->end;
    // White space that an earlier token took along stays with that one.
    if (token.lstrip) begin = std::max(white_space_before(text, begin, done), done);
    if (token.rstrip) end = white_space_after(text, end);
    if (done < begin) segments.push_back({done, begin, std::nullopt});
    if (begin < end) segments.push_back({begin, end, token.id});
    done = end;
  }
  if (done < text.size()) segments.push_back({done, text.size(), std::nullopt});
  return segments;
}

}  // namespace quire::engine::tokenizer
