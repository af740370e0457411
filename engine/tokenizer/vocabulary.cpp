#include "engine/tokenizer/vocabulary.h"

#include <algorithm>

namespace quire::engine::tokenizer {

Vocabulary::Vocabulary(const JsonAt& config) {
  if (!config.value().is_object()) config.fail("must be an object");
  std::size_t bytes = 0;
  std::size_t end = 0;
  for (const auto& [text, value] : config.value().items()) {
    const std::uint32_t id = JsonAt(value, config.path() + "[\"" + text + "\"]").index();
    bytes += text.size();
    end = std::max<std::size_t>(end, id + std::size_t{1});
  }
  arena_.reserve(bytes + 1);
  arena_.push_back('\0');  // so that an empty text has an address too
  texts_.resize(end);
  ids_.reserve(config.value().size());
  for (const auto& [text, value] : config.value().items()) {
    const auto id = value.get<std::uint32_t>();
    if (texts_[id].data() != nullptr) {
      config.fail(in_quotes(text) + " and " + in_quotes(texts_[id]) + " have the same id " +
                  std::to_string(id));
    }
    const std::size_t begin = arena_.size();
    arena_.insert(arena_.end(), text.begin(), text.end());
    texts_[id] = {arena_.data() + begin, text.size()};
    ids_.emplace(texts_[id], static_cast<TokenId>(id));
  }
}

std::optional<TokenId> Vocabulary::find(std::string_view text) const {
  const auto found = ids_.find(text);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::string_view Vocabulary::text(TokenId id) const noexcept {
  if (id < 0 || static_cast<std::size_t>(id) >= texts_.size()) return {};
  return texts_[static_cast<std::size_t>(id)];
}

}  // namespace quire::engine::tokenizer
