// Oniguruma's syntax is described in its doc/RE, PCRE2's in pcre2pattern(3). Differences handled:
//   \s \w \b \h      PCRE2's sets are not Unicode's White_Space and Word; \h is a hex digit
//   [[:punct:]] etc. defined over Unicode properties; \p{Han} means a script, not its extensions
//   X{n,m}+  X{n}?   not possessive, not lazy: a second quantifier around the first
//   [a&&[^b]]        set operations, rewritten with lookaheads
//   (?m)             dot matches newline; ^ and $ always match at lines
#include "engine/tokenizer/regex_translation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "engine/tokenizer/regex_bracket.h"

namespace quire::engine::tokenizer {
namespace {

constexpr std::size_t kMaxGroupNesting = 100;

std::string bracketed(std::string_view items, bool negated) {
  std::string result(negated ? "[^" : "[");
  result += items;
  if (items == kWordItems) result += kOddWordItems;
  result += ']';
  return result;
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (!in_.done()) read_item();
    if (!groups_.empty()) in_.fail("unclosed group");
    return std::move(out_);
  }

 private:
  struct Group {
    std::size_t start;  // of its "(" in out_
    bool quantifiable;
  };

  void emit_atom(std::string_view text) {
    atom_ = out_.size();
    out_ += text;
  }
  void enter_branch() {
    atom_.reset();
    branch_start_ = out_.size();
  }

  void read_item();
  void read_literal(char first);
  void open_group();
  void read_flags();
  void close_group();
  void read_quantifier(char c);
  bool read_interval();
  void finish_quantifier();
  void read_escape();

  PatternReader in_;
  std::string out_;
  std::vector<Group> groups_;
  std::optional<std::size_t> atom_;  // where the last repeatable item starts in out_
  std::size_t branch_start_ = 0;     // out_.size() right after the last "(", flags or start
};

void Translator::read_item() {
  const char c = in_.take();
  switch (c) {
    case '\\':
      return read_escape();
    case '[':
      return emit_atom(read_bracket(in_));
    case '(':
      return open_group();
    case ')':
      return close_group();
    case '*':
    case '+':
    case '?':
      return read_quantifier(c);
    case '{':
      if (!read_interval()) emit_atom("\\{");
      return;
    case '}':
    case ']':
      return emit_atom(std::string{'\\', c});
    case '|':
    case '^':
    case '$':
      atom_.reset();
      out_ += c;
      return;
    default:
      return read_literal(c);
  }
}

/// One whole character.
void Translator::read_literal(char first) {
  std::string literal{first};
  while ((static_cast<unsigned char>(in_.peek()) & 0xC0U) == 0x80U) literal += in_.take();
  emit_atom(literal);
}

/// No group captures: back references are refused.
void Translator::open_group() {
  if (groups_.size() >= kMaxGroupNesting) in_.fail("groups are nested too deeply");
  static constexpr std::array<std::string_view, 6> kKinds{"?:", "?=", "?!", "?>", "?<=", "?<!"};
  const std::size_t start = out_.size();
  if (in_.peek() == '*') in_.refuse("(*");
  if (in_.peek() != '?') {
    out_ += "(?:";
    groups_.push_back({start, true});
    return enter_branch();
  }
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](std::string_view k) { return in_.rest().starts_with(k); });
  if (kind == kKinds.end()) return read_flags();
  in_.skip(kind->size());
  out_ += '(';
  out_ += *kind;
  groups_.push_back({start, *kind == "?:" || *kind == "?>"});
  enter_branch();
}

/// "(?i)" and "(?i:", flags i and m. Inside a branch, "(?i)" would also open a group up to the end
/// of the enclosing one; only its use at the beginning is supported.
void Translator::read_flags() {
  const std::size_t start = out_.size();
  std::string flags;
  in_.skip(1);  // '?'
  while (in_.peek() != ':' && in_.peek() != ')') {
    const char flag = in_.take();
    if (flag != 'i' && flag != 'm' && flag != '-') in_.refuse(std::string("(?") + flag);
    flags += flag == 'm' ? 's' : flag;
  }
  out_ += "(?";
  out_ += flags;
  if (in_.take() == ':') {
    out_ += ':';
    groups_.push_back({start, true});
  } else {
    if (start != branch_start_) in_.refuse("an option inside a branch");
    out_ += ')';
  }
  enter_branch();
}

void Translator::close_group() {
  if (groups_.empty()) in_.fail("unmatched )");
  out_ += ')';
  const Group group = groups_.back();
  groups_.pop_back();
  atom_.reset();
  if (group.quantifiable) atom_ = group.start;
}

void Translator::read_quantifier(char c) {
  if (!atom_) in_.fail("nothing to repeat");
  out_ += c;
  if (in_.peek() == '+' || in_.peek() == '?') out_ += in_.take();
  finish_quantifier();
}

/// "{n}", "{n,}", "{,m}" and "{n,m}", of which the "{" was read; anything else is a literal brace.
bool Translator::read_interval() {
  const std::string_view rest = in_.rest();
  std::size_t end = 0;
  const auto digits = [&] {
    const std::size_t first = end;
    while (end < rest.size() && rest[end] >= '0' && rest[end] <= '9') ++end;
    return std::string(rest.substr(first, end - first));
  };
  std::string low = digits();
  const bool ranged = end < rest.size() && rest[end] == ',';
  if (ranged) ++end;
  const std::string high = ranged ? digits() : std::string();
  if (end >= rest.size() || rest[end] != '}' || (low.empty() && high.empty())) return false;
  if (!atom_) in_.fail("nothing to repeat");
  in_.skip(end + 1);
  if (low.empty()) low = "0";
  out_ += '{';
  out_ += low;
  if (ranged) out_ += ',';
  out_ += high;
  out_ += '}';
  const char next = in_.peek();
  if (next == '+' || (next == '?' && !ranged)) {
    out_.insert(*atom_, "(?:");
    out_ += ')';
    out_ += in_.take();
  } else if (next == '?') {
    out_ += in_.take();
  }
  finish_quantifier();
  return true;
}

void Translator::finish_quantifier() {
  const char next = in_.peek();
  if (next == '*' || next == '+' || next == '?') in_.refuse("a quantifier after a quantifier");
  atom_.reset();
}

void Translator::read_escape() {
  const char c = in_.take();
  const bool upper = c >= 'A' && c <= 'Z';
  if (const auto items = shorthand_items(c)) {
    return emit_atom(bracketed(*items, upper));
  }
  if (const auto control = control_escape(c)) return emit_atom(*control);
  if (c == 'p' || c == 'P') return emit_atom(read_property(in_, c));
  if (c == 'x' || c == 'u') return emit_atom(read_code_point(in_, c));
  if (c == 'R') return emit_atom("(?>\\r\\n|[\\n-\\r\\x{85}\\x{2028}\\x{2029}])");
  const bool alphanumeric = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  if (!alphanumeric && static_cast<unsigned char>(c) < 0x80) return emit_atom(std::string{'\\', c});
  const std::string word = bracketed(kWordItems, false);
  atom_.reset();
  if (c == 'b') {
    out_ += "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))";
  } else if (c == 'B') {
    out_ += "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))";
  } else if (c == 'A' || c == 'z' || c == 'Z') {
    out_ += std::string{'\\', c};
  } else {
    in_.refuse(std::string{'\\', c});
  }
}

}  // namespace

std::string translate_regex(std::string_view pattern) {
  return Translator(pattern).run();
}

}  // namespace quire::engine::tokenizer
