#include "engine/tokenizer/regex_bracket.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/model_files.h"
#include "engine/tokenizer/json_reader.h"

namespace quire::engine::tokenizer {
namespace {

constexpr std::string_view kSpaceItems = "\\p{White_Space}";
constexpr std::string_view kDigitItems = "\\p{Nd}";
constexpr std::string_view kHexItems = "0-9A-Fa-f";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z');
}

std::optional<std::string_view> posix_items(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNames{{
      {"alpha", "\\p{Alphabetic}"},
      {"alnum", "\\p{Alphabetic}\\p{Nd}"},
      {"digit", kDigitItems},
      {"lower", "\\p{Lowercase}"},
      {"upper", "\\p{Uppercase}"},
      {"punct", "\\p{P}\\p{S}"},
      {"space", kSpaceItems},
      {"word", kWordItems},
      {"xdigit", kHexItems},
  }};
  for (const auto& [key, items] : kNames) {
    if (key == name) return items;
  }
  return std::nullopt;
}

/// Properties that are not scripts, in lower case without separators.
bool is_general_property(std::string_view name) {
  static constexpr std::array<std::string_view, 42> kNames{
      "any", "l",  "ll", "lm", "lo", "lt",         "lu",    "m",          "mc",         "me", "mn",
      "n",   "nd", "nl", "no", "p",  "pc",         "pd",    "pe",         "pf",         "pi", "po",
      "ps",  "s",  "sc", "sk", "sm", "so",         "z",     "zl",         "zp",         "zs", "c",
      "cc",  "cf", "cn", "co", "cs", "alphabetic", "emoji", "whitespace", "ideographic"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// A bracket expression: the intersection of unions of items and nested brackets.
struct Bracket {
  struct Union {
    std::string items;  // ready for PCRE2, between brackets
    std::vector<Bracket> nested;
  };
  bool negated = false;
  std::vector<Union> intersected = std::vector<Union>(1);
};

Bracket negation_of(std::string_view items) {
  Bracket result{.negated = true};
  result.intersected.front().items = items;
  return result;
}

std::string render(const Bracket& bracket);

std::string render(const Bracket::Union& part) {
  std::string alternatives;
  if (!part.items.empty()) alternatives = "[" + part.items + "]";
  for (const Bracket& inner : part.nested) {
    if (!alternatives.empty()) alternatives += '|';
    alternatives += render(inner);
  }
  return "(?:" + alternatives + ")";
}

std::string render(const Bracket& bracket) {
  const Bracket::Union& first = bracket.intersected.front();
  if (bracket.intersected.size() == 1 && first.nested.empty()) {
    return (bracket.negated ? "[^" : "[") + first.items + "]";
  }
  std::string all;
  for (std::size_t i = 1; i < bracket.intersected.size(); ++i) {
    all += "(?=" + render(bracket.intersected[i]) + ")";
  }
  all += render(first);
  return bracket.negated ? "(?:(?!" + all + ")(?s:.))" : "(?:" + all + ")";
}

void read_escape(PatternReader& in, Bracket::Union& part) {
  const char c = in.take();
  if (const auto items = shorthand_items(c)) {
    if (is_upper(c)) {
      part.nested.push_back(negation_of(*items));
    } else {
      part.items += *items;
    }
  } else if (const auto control = control_escape(c)) {
    part.items += *control;
  } else if (c == 'p' || c == 'P') {
    part.items += read_property(in, c);
  } else if (c == 'x' || c == 'u') {
    part.items += read_code_point(in, c);
  } else if (c == 'b') {
    part.items += "\\x{08}";
  } else if (is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) {
    in.refuse(std::string{'\\', c});
  } else {
    part.items += std::string{'\\', c};
  }
}

/// "[:name:]" and "[:^name:]", of which the "[" was read.
bool read_posix_bracket(PatternReader& in, Bracket::Union& part) {
  const std::size_t close = in.rest().find(":]");
  if (in.peek() != ':' || close == std::string_view::npos) return false;
  std::string_view name = in.rest().substr(1, close - 1);
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  const auto items = posix_items(name);
  if (!items) in.refuse("[:" + std::string(name) + ":]");
  in.skip(close + 2);
  if (negated) {
    part.nested.push_back(negation_of(*items));
  } else {
    part.items += *items;
  }
  return true;
}

/// Characters with a meaning in PCRE2's brackets alone are escaped.
Bracket read_bracket(PatternReader& in, int depth) {
  if (depth > kMaxNesting) in.fail("brackets are nested too deeply");
  Bracket result;
  if (in.peek() == '^') {
    in.skip(1);
    result.negated = true;
  }
  for (bool first = true;; first = false) {
    Bracket::Union& part = result.intersected.back();
    const char c = in.take();
    if (c == ']' && !first) break;
    if (c == '[') {
      if (!read_posix_bracket(in, part)) part.nested.push_back(read_bracket(in, depth + 1));
    } else if (c == '\\') {
      read_escape(in, part);
    } else if (c == '&' && in.peek() == '&') {
      in.skip(1);
      result.intersected.emplace_back();
    } else {
      if (c == ']' || c == '^') part.items += '\\';
      part.items += c;
    }
  }
  for (const Bracket::Union& part : result.intersected) {
    if (part.items.empty() && part.nested.empty()) in.fail("an empty character class");
  }
  return result;
}

}  // namespace

char PatternReader::take() {
  if (done()) fail("ends too early");
  return pattern_[at_++];
}

void PatternReader::fail(std::string_view what) const {
  throw LoadError("pattern \"" + std::string(pattern_) + "\": " + std::string(what));
}

void PatternReader::refuse(std::string_view syntax) const {
  fail("\"" + std::string(syntax) + "\" is not supported");
}

std::optional<std::string_view> shorthand_items(char letter) {
  switch (letter) {
    case 's':
    case 'S':
      return kSpaceItems;
    case 'w':
    case 'W':
      return kWordItems;
    case 'd':
    case 'D':
      return kDigitItems;
    case 'h':
    case 'H':
      return kHexItems;
    default:
      return std::nullopt;
  }
}

std::optional<std::string_view> control_escape(char letter) {
  constexpr std::string_view kLetters = "nrtfvae";
  static constexpr std::array<std::string_view, kLetters.size()> kEscapes{
      "\\n", "\\r", "\\t", "\\f", "\\x{0B}", "\\a", "\\e"};
  const std::size_t found = kLetters.find(letter);
  if (found == std::string_view::npos) return std::nullopt;
  return kEscapes[found];
}

std::string read_property(PatternReader& in, char letter) {
  const std::size_t close = in.rest().find('}');
  if (in.peek() != '{' || close == std::string_view::npos) {
    in.refuse(std::string{'\\', letter} + " without a name in braces");
  }
  std::string_view name = in.rest().substr(1, close - 1);
  in.skip(close + 1);
  bool negated = letter == 'P';
  if (name.starts_with('^')) {
    name.remove_prefix(1);
    negated = !negated;
  }
  std::string plain;
  for (const char c : name) {
    if (c == '_' || c == ' ' || c == '-') continue;
    if (!is_letter(c)) in.refuse("\\p{" + std::string(name) + "}");
    plain += static_cast<char>(c | 0x20);
  }
  // A bare script name would mean its script extensions to PCRE2.
  const std::string_view kind = is_general_property(plain) ? "" : "sc:";
  return std::string(negated ? "\\P{" : "\\p{") + std::string(kind) + std::string(name) + "}";
}

std::string read_code_point(PatternReader& in, char letter) {
  const auto is_hex = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  std::string digits;
  if (letter == 'x' && in.peek() == '{') {
    in.skip(1);
    while (is_hex(in.peek())) digits += in.take();
    if (in.take() != '}' || digits.empty()) in.fail("a bad \\x{...}");
  } else {
    const std::size_t wanted = letter == 'x' ? 2 : 4;
    while (digits.size() < wanted && is_hex(in.peek())) digits += in.take();
    if (digits.size() != wanted) in.fail(std::string("a bad \\") + letter);
  }
  return "\\x{" + digits + "}";
}

std::string read_bracket(PatternReader& in) {
  return render(read_bracket(in, 0));
}

}  // namespace quire::engine::tokenizer
