// The `post_processor` of tokenizer.json: special tokens around the ids of a text.
// TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel (which only moves offsets) and
// Sequence; others are refused by name.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/json_reader.h"

namespace quire::engine::tokenizer {

/// Immutable. Thread: any.
class PostProcessor {
 public:
  /// Adds nothing.
  PostProcessor() = default;
  /// `config`: the value of "post_processor". Throws LoadError.
  explicit PostProcessor(const JsonAt& config);

  /// The ids of a text as the model wants them. Without special tokens, only what the template
  /// does with the text remains.
  std::vector<TokenId> apply(std::vector<TokenId> ids, bool add_special_tokens) const;

 private:
  /// Special tokens, or the text itself.
  struct Item {
    std::vector<TokenId> special;
    bool is_text = false;
  };
  void add(const JsonAt& config, int depth);
  void read_template(const JsonAt& config);
  void wrap(const JsonAt& config);

  std::optional<std::vector<Item>> template_;
};

}  // namespace quire::engine::tokenizer
