#include "engine/tokenizer/splitting.h"

#include <algorithm>

#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

/// Joins runs of equal `matched`. The text is taken to begin after a non-match, which matters only
/// for the flag of the first part, and flags have no meaning in the result.
std::vector<Part> join_runs(const std::vector<Part>& parts) {
  std::vector<Part> result;
  for (const Part& part : parts) {
    if (!result.empty() && result.back().matched == part.matched) {
      result.back().end = part.end;
    } else {
      result.push_back(part);
    }
  }
  return result;
}

/// Appends each match that follows a non-match to it. The second of two adjoining matches stands
/// alone.
std::vector<Part> join_with_previous(const std::vector<Part>& parts) {
  std::vector<Part> result;
  bool previous_matched = false;
  for (const Part& part : parts) {
    if (part.matched && !previous_matched && !result.empty()) {
      result.back().end = part.end;
    } else {
      result.push_back(part);
    }
    previous_matched = part.matched;
  }
  return result;
}

/// The mirror image: each match that precedes a non-match is put before it.
std::vector<Part> join_with_next(const std::vector<Part>& parts) {
  std::vector<Part> result;
  bool next_matched = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->matched && !next_matched && !result.empty()) {
      result.back().begin = part->begin;
    } else {
      result.push_back(*part);
    }
    next_matched = part->matched;
  }
  std::reverse(result.begin(), result.end());
  return result;
}

}  // namespace

std::vector<Part> cut(std::vector<Part> parts, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::removed:
      std::erase_if(parts, [](const Part& part) { return part.matched; });
      return parts;
    case SplitBehavior::isolated:
      return parts;
    case SplitBehavior::merged_with_previous:
      return join_with_previous(parts);
    case SplitBehavior::merged_with_next:
      return join_with_next(parts);
    case SplitBehavior::contiguous:
      return join_runs(parts);
  }
  return parts;
}

std::vector<Part> parts_by_character(std::string_view text, bool (*matches)(char32_t) noexcept) {
  std::vector<Part> result;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const std::size_t next = at + point.bytes;
    if (matches(point.value)) {
      if (done < at) result.push_back({done, at, false});
      result.push_back({at, next, true});
      done = next;
    }
    at = next;
  }
  if (done < text.size()) result.push_back({done, text.size(), false});
  return result;
}

std::vector<Part> parts_by_word(std::string_view text) {
  enum class Kind : std::uint8_t { none, space, word, other };
  std::vector<Part> result;
  Kind previous = Kind::none;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const Kind kind = is_word(point.value)          ? Kind::word
                      : is_white_space(point.value) ? Kind::space
                                                    : Kind::other;
    const std::size_t next = at + point.bytes;
    if (kind == previous) {
      result.back().end = next;
    } else {
      result.push_back({at, next, kind == Kind::space});
    }
    previous = kind;
    at = next;
  }
  return result;
}

}  // namespace quire::engine::tokenizer
