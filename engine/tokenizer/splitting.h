// Cutting a text at matches: the five behaviours of a split, and the matches that are characters.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/pattern.h"

namespace quire::engine::tokenizer {

/// What becomes of the matches.
enum class SplitBehavior : std::uint8_t {
  removed,
  isolated,
  merged_with_previous,
  merged_with_next,
  contiguous,
};

/// From parts that cover a text to the parts that remain; their `matched` means nothing any more.
std::vector<Part> cut(std::vector<Part> parts, SplitBehavior behavior);

/// Every character that satisfies `matches` is a match of its own. REQUIRES: valid UTF-8.
std::vector<Part> parts_by_character(std::string_view text, bool (*matches)(char32_t) noexcept);

/// Runs of word characters and runs of other visible ones; white space is a match.
std::vector<Part> parts_by_word(std::string_view text);

}  // namespace quire::engine::tokenizer
