// str methods that take text apart, and the is...() predicates.
#include <algorithm>

#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/search.h"
#include "engine/jinja/text_methods.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

using Pieces = std::vector<std::string_view>;

/// A piece costs a step when it is cut off, so that their number is bounded.
void add(Runtime& rt, Pieces& pieces, std::string_view piece) {
  rt.budget.spend();
  pieces.push_back(piece);
}

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

Pieces split_at(Runtime& rt, std::string_view text, std::string_view separator,
                std::int64_t limit) {
  Pieces pieces;
  std::size_t pos = 0;
  while (limit < 0 || static_cast<std::int64_t>(pieces.size()) < limit) {
    const std::size_t found = find_text(text, separator, pos);
    if (found == text.npos) break;
    add(rt, pieces, text.substr(pos, found - pos));
    pos = found + separator.size();
  }
  add(rt, pieces, text.substr(pos));
  return pieces;
}

/// The same from the right: on the mirrored text, mirrored back.
Pieces split_at_right(Runtime& rt, std::string_view text, std::string_view separator,
                      std::int64_t limit) {
  const std::string mirrored_text(text.rbegin(), text.rend());
  const std::string mirrored_separator(separator.rbegin(), separator.rend());
  Pieces pieces;
  std::size_t end = text.size();
  for (const std::string_view mirrored : split_at(rt, mirrored_text, mirrored_separator, limit)) {
    add(rt, pieces, text.substr(end - mirrored.size(), mirrored.size()));
    end -= std::min(end, mirrored.size() + separator.size());
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

/// Runs of white space separate and never give empty pieces.
Pieces split_at_space(Runtime& rt, std::string_view text, std::int64_t limit) {
  Pieces pieces;
  for (text = strip_left(text, is_space); !text.empty(); text = strip_left(text, is_space)) {
    if (limit >= 0 && static_cast<std::int64_t>(pieces.size()) == limit) {
      add(rt, pieces, text);
      break;
    }
    const std::string_view rest = strip_left(text, [](char32_t c) { return !is_space(c); });
    add(rt, pieces, text.substr(0, text.size() - rest.size()));
    text = rest;
  }
  return pieces;
}

Pieces split_at_space_right(Runtime& rt, std::string_view text, std::int64_t limit) {
  Pieces pieces;
  for (text = strip_right(text, is_space); !text.empty(); text = strip_right(text, is_space)) {
    if (limit >= 0 && static_cast<std::int64_t>(pieces.size()) == limit) {
      add(rt, pieces, text);
      break;
    }
    const std::string_view rest = strip_right(text, [](char32_t c) { return !is_space(c); });
    add(rt, pieces, text.substr(rest.size()));
    text = rest;
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Value list_of(Runtime& rt, const Pieces& pieces, bool markup) {
  std::vector<Value> items;
  items.reserve(pieces.size());
  for (const std::string_view piece : pieces) items.push_back(rt.text(std::string(piece), markup));
  return rt.list(std::move(items));
}

template <bool right>
Value split(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p(right ? "rsplit" : "split", args, {"sep", "maxsplit"});
  const Text& text = *self.text();
  rt.budget.spend_bytes(text.bytes.size());
  const std::int64_t limit = p.integer(1, -1);
  if (p.given(0) == nullptr) {
    return list_of(
        rt,
        right ? split_at_space_right(rt, text.bytes, limit) : split_at_space(rt, text.bytes, limit),
        text.markup);
  }
  const std::string& separator = p.text(0)->bytes;
  if (separator.empty()) fail("empty separator");
  return list_of(rt,
                 right ? split_at_right(rt, text.bytes, separator, limit)
                       : split_at(rt, text.bytes, separator, limit),
                 text.markup);
}

Value splitlines(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("splitlines", args, {"keepends"});
  const Text& text = *self.text();
  rt.budget.spend_bytes(text.bytes.size());
  return list_of(rt, split_lines(rt, text.bytes, p.flag(0, false)), text.markup);
}

template <bool right>
Value partition(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p(right ? "rpartition" : "partition", args, {""}, 1);
  const Text& text = *self.text();
  const std::string& separator = p.text(0)->bytes;
  if (separator.empty()) fail("empty separator");
  rt.budget.spend_bytes(text.bytes.size());
  const std::string_view bytes = text.bytes;
  const std::size_t found =
      right ? find_last_text(bytes, separator, bytes.size()) : find_text(bytes, separator, 0);
  Pieces pieces = {bytes.substr(0, found), separator, ""};
  if (found == bytes.npos) {
    pieces = right ? Pieces{"", "", bytes} : Pieces{bytes, "", ""};
  } else {
    pieces[2] = bytes.substr(found + separator.size());
  }
  std::vector<Value> items;
  for (const std::string_view piece : pieces)
    items.push_back(rt.text(std::string(piece), text.markup));
  return rt.tuple(std::move(items));
}

template <auto predicate>
Value every(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("str method", args, {});
  const Text& text = *self.text();
  rt.budget.spend_bytes(text.bytes.size());
  for (std::size_t pos = 0; pos < text.bytes.size();) {
    if (!predicate(decode(text.bytes, pos))) return false;
  }
  return !text.bytes.empty();
}

bool is_alnum(char32_t c) {
  return is_alpha(c) || is_numeric(c);
}

Value isascii(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("isascii", args, {});
  rt.budget.spend_bytes(self.text()->bytes.size());
  return std::all_of(self.text()->bytes.begin(), self.text()->bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Cased characters are all of this case and there is one.
template <auto wanted, auto unwanted>
Value cased(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("str method", args, {});
  const Text& text = *self.text();
  rt.budget.spend_bytes(text.bytes.size());
  bool any = false;
  for (std::size_t pos = 0; pos < text.bytes.size();) {
    const char32_t c = decode(text.bytes, pos);
    if (unwanted(c) || is_title(c)) return false;
    any |= wanted(c);
  }
  return any;
}

Value istitle(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("istitle", args, {});
  const Text& text = *self.text();
  rt.budget.spend_bytes(text.bytes.size());
  bool any = false;
  bool inside = false;
  for (std::size_t pos = 0; pos < text.bytes.size();) {
    const char32_t c = decode(text.bytes, pos);
    const bool start = is_upper(c) || is_title(c);
    if ((start && inside) || (is_lower(c) && !inside)) return false;
    inside = start || is_lower(c);
    any |= inside;
  }
  return any;
}

constexpr NamedNative kMethods[] = {
    {"isalnum", every<is_alnum>},
    {"isalpha", every<is_alpha>},
    {"isascii", isascii},
    {"isdecimal", every<is_decimal>},
    {"isdigit", every<is_digit>},
    {"islower", cased<is_lower, is_upper>},
    {"isnumeric", every<is_numeric>},
    {"isspace", every<is_space>},
    {"istitle", istitle},
    {"isupper", cased<is_upper, is_lower>},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"rsplit", split<true>},
    {"split", split<false>},
    {"splitlines", splitlines},
};

}  // namespace

std::vector<std::string_view> split_lines(Runtime& rt, std::string_view text, bool keep_ends) {
  Pieces lines;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t start = pos;
    std::size_t end = pos;
    bool ended = false;
    while (pos < text.size() && !ended) {
      end = pos;
      const char32_t c = decode(text, pos);
      ended = is_line_end(c);
      if (c == '\r' && pos < text.size() && text[pos] == '\n') ++pos;
    }
    add(rt, lines, text.substr(start, (ended && !keep_ends ? end : pos) - start));
  }
  return lines;
}

std::span<const NamedNative> text_splitting_methods() {
  return kMethods;
}

}  // namespace quire::engine::jinja
