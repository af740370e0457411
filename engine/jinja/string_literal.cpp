#include "engine/jinja/string_literal.h"

#include <charconv>

#include "engine/jinja/lexer.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

char32_t read_hex(std::string_view body, std::size_t& pos, std::size_t digits, int line) {
  unsigned value = 0;
  const std::string_view hex = body.substr(pos, digits);
  const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  if (hex.size() != digits || read.ptr != hex.data() + digits || value > 0x10FFFF) {
    fail_syntax(line, "truncated or illegal escape in a string");
  }
  pos += digits;
  return value;
}

/// A \u escape that is one half of a surrogate pair joins the half that follows.
char32_t join_surrogates(std::string_view body, std::size_t& pos, char32_t c, int line) {
  if (c < 0xD800 || c > 0xDFFF) return c;
  if (c < 0xDC00 && body.substr(pos).starts_with("\\u")) {
    std::size_t next = pos + 2;
    const char32_t low = read_hex(body, next, 4, line);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      pos = next;
      return 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
    }
  }
  fail_syntax(line, "a lone surrogate in a string is not text");
}

}  // namespace

std::string unescape_literal(std::string_view body, int line) {
  constexpr std::string_view kLetters = "abfnrtv\\'\"";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
  std::string out;
  out.reserve(body.size());
  for (std::size_t pos = 0; pos < body.size();) {
    const char c = body[pos++];
    if (c != '\\' || pos == body.size()) {
      out += c;
      continue;
    }
    const char escape = body[pos++];
    if (const std::size_t simple = kLetters.find(escape); simple != kLetters.npos) {
      out += kMeanings[simple];
    } else if (escape == '\n') {
      continue;
    } else if (escape == 'x') {
      encode(read_hex(body, pos, 2, line), out);
    } else if (escape == 'u') {
      const char32_t unit = read_hex(body, pos, 4, line);
      encode(join_surrogates(body, pos, unit, line), out);
    } else if (escape == 'U') {
      const char32_t code_point = read_hex(body, pos, 8, line);
      if (code_point >= 0xD800 && code_point <= 0xDFFF)
        fail_syntax(line, "a lone surrogate in a string is not text");
      encode(code_point, out);
    } else if (escape >= '0' && escape <= '7') {
      char32_t value = static_cast<char32_t>(escape - '0');
      for (int i = 0; i < 2 && pos < body.size() && body[pos] >= '0' && body[pos] <= '7'; ++i) {
        value = value * 8 + static_cast<char32_t>(body[pos++] - '0');
      }
      encode(value, out);
    } else if (escape == 'N') {
      fail_syntax(line, "\\N{...} in a string is not supported");
    } else {
      out += '\\';
      out += escape;
    }
  }
  return out;
}

}  // namespace quire::engine::jinja
