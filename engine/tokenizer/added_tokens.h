// Added tokens: texts that are cut out of the input before the model sees it, and their flags.
// Those with `normalized` false are searched in the text itself, the others in the normalised text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/flat_map.h"
#include "engine/tokenizer/json_reader.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace quire::engine::tokenizer {

struct AddedToken {
  std::string content;
  std::string decoded;  // what decoders see: the normalised content of a normalised token
  TokenId id = 0;
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and behind it
  bool normalized = false;
  bool special = false;
};

/// A stretch of text, or an added token that takes its place.
struct Segment {
  std::size_t begin, end;
  std::optional<TokenId> id;
};

/// The texts of a set of tokens as a tree of bytes. Thread: any while nobody adds.
class TokenTrie {
 public:
  /// The first of equal texts stays. REQUIRES: !text.empty().
  void add(std::string_view text, std::size_t value);

  struct Match {
    std::size_t begin, end, value;
  };
  /// The leftmost match at or after `from`, the longest of those.
  std::optional<Match> find(std::string_view text, std::size_t from) const;

 private:
  std::vector<std::optional<std::size_t>> values_ =
      std::vector<std::optional<std::size_t>>(1);  // by node; node 0 is the root
  FlatMap children_;                               // (node << 8 | byte) -> node
  std::vector<bool> first_bytes_ = std::vector<bool>(256);
};

/// Immutable once complete. Thread: any.
class AddedTokens {
 public:
  /// `config`: the value of "added_tokens". Throws LoadError, also when an id is not the one that
  /// its place in the file gives the token.
  AddedTokens(const JsonAt& config, const Vocabulary& vocabulary);

  /// Adds one more unless its text or id is taken.
  void add_missing(AddedToken token, const Vocabulary& vocabulary);
  /// Builds the search trees. To be called once, after the last token was added.
  void index(const Normalizer& normalizer);

  /// Null if there is none.
  const AddedToken* find(TokenId id) const noexcept;
  const AddedToken* find(std::string_view content) const noexcept;
  /// Largest id + 1, or 0.
  std::size_t end_id() const noexcept { return end_id_; }

  std::vector<Segment> split_raw(std::string_view text) const { return split(raw_, text); }
  std::vector<Segment> split_normalized(std::string_view text) const {
    return split(normalized_, text);
  }

 private:
  void add(AddedToken token);
  std::vector<Segment> split(const TokenTrie& trie, std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::string, std::size_t> by_content_;
  std::unordered_map<TokenId, std::size_t> by_id_;
  std::size_t end_id_ = 0;
  TokenTrie raw_, normalized_;
};

/// Reads one entry: content and flags, all of them or as they are absent in older files.
AddedToken read_added_token(const JsonAt& config, TokenId id);

}  // namespace quire::engine::tokenizer
