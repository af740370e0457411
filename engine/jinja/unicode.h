// UTF-8 and the Unicode properties that Python's str methods use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quire::engine::jinja {

/// A byte that is no UTF-8 decodes to kBadByte + byte and encodes back to itself.
constexpr char32_t kBadByte = 0xDC00;

/// The code point at `pos`, which moves behind it. REQUIRES: pos < text.size().
char32_t decode(std::string_view text, std::size_t& pos);
void encode(char32_t code_point, std::string& out);
std::u32string decode_all(std::string_view text);
std::string encode_all(std::u32string_view text);
std::size_t count_code_points(std::string_view text);
/// Byte offset of the code point number `index`, or the size.
std::size_t byte_offset(std::string_view text, std::size_t index);

/// str.isspace of one character.
bool is_space(char32_t c);
/// Not escaped by repr().
bool is_printable(char32_t c);
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
/// \w of Python's re, and what may stand in an identifier.
bool is_word(char32_t c);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_casefold(std::string_view text);
/// First letter of each run of cased letters in title case, the rest lower.
std::string to_title(std::string_view text);
/// First character in title case, the rest lower.
std::string to_capitalized(std::string_view text);
std::string to_swapped(std::string_view text);

/// Without leading and trailing characters for which `strip` is true.
template <class Predicate>
std::string_view strip_left(std::string_view text, Predicate strip) {
  std::size_t pos = 0;
  while (pos < text.size()) {
    std::size_t next = pos;
    if (!strip(decode(text, next))) break;
    pos = next;
  }
  return text.substr(pos);
}
template <class Predicate>
std::string_view strip_right(std::string_view text, Predicate strip) {
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 &&
           (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) {
      --start;
    }
    std::size_t end = start;
    char32_t c = decode(text, end);
    if (end != text.size()) {  // not one character: its last byte stands alone
      end = text.size() - 1;
      start = end;
      c = decode(text, end);
    }
    if (!strip(c)) break;
    text = text.substr(0, start);
  }
  return text;
}

}  // namespace quire::engine::jinja
