// The model's vocabulary: token texts and their ids, both ways.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/json_reader.h"

namespace quire::engine::tokenizer {

/// Immutable once read. Thread: any.
class Vocabulary {
 public:
  /// `config`: the value of "model.vocab", an object of ids by text. Throws LoadError, also when
  /// two texts share an id.
  explicit Vocabulary(const JsonAt& config);

  Vocabulary(Vocabulary&&) noexcept = default;
  Vocabulary& operator=(Vocabulary&&) noexcept = default;

  /// Tokens, which may be fewer than ids when ids have gaps.
  std::size_t count() const noexcept { return ids_.size(); }
  /// Largest id + 1.
  std::size_t end_id() const noexcept { return texts_.size(); }
  std::optional<TokenId> find(std::string_view text) const;
  /// Null data() for an id that is not in the vocabulary.
  std::string_view text(TokenId id) const noexcept;

 private:
  std::vector<char> arena_;              // its address survives moves, as a std::string's need not
  std::vector<std::string_view> texts_;  // by id
  std::unordered_map<std::string_view, TokenId> ids_;
};

}  // namespace quire::engine::tokenizer
