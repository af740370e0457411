#include "engine/jinja/lexer.h"

#include <algorithm>

#include "engine/jinja/budget.h"
#include "engine/jinja/numbers.h"
#include "engine/jinja/string_literal.h"
#include "engine/jinja/unicode.h"
#include "engine/model_files.h"

namespace quire::engine::jinja {
namespace {

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Every line end becomes \n and one at the very end goes.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalized(source)), rest_(text_) {}

  std::vector<Token> run() {
    while (pos_ < rest_.size()) {
      const std::size_t tag = next_tag();
      if (tag == rest_.npos) {
        add_data(rest_.substr(pos_));
        advance(rest_.size());
        break;
      }
      begin_tag(tag);
    }
    add(TokenType::end);
    return std::move(tokens_);
  }

 private:
  std::size_t next_tag() const {
    for (std::size_t at = rest_.find('{', pos_); at != rest_.npos; at = rest_.find('{', at + 1)) {
      const char next = at + 1 < rest_.size() ? rest_[at + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return at;
    }
    return rest_.npos;
  }

  /// Moves on, counting lines.
  void advance(std::size_t to) {
    line_ += static_cast<int>(std::count(rest_.begin() + static_cast<std::ptrdiff_t>(pos_),
                                         rest_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    pos_ = to;
  }
  void skip_space() { advance(rest_.size() - strip_left(rest_.substr(pos_), is_space).size()); }
  bool take(std::string_view expected) {
    if (!rest_.substr(pos_).starts_with(expected)) return false;
    advance(pos_ + expected.size());
    return true;
  }

  void add(TokenType type, std::string text = "") {
    tokens_.push_back({.type = type, .text = std::move(text), .line = line_});
  }
  void add_data(std::string_view data) {
    if (!data.empty()) add(TokenType::data, std::string(data));
  }

  /// The data in front of a tag, as its sign and lstrip_blocks leave it.
  std::string_view stripped(std::string_view data, char sign, bool block) const {
    if (sign == '-') return strip_right(data, is_space);
    if (sign == '+' || !block) return data;
    const std::size_t newline = data.rfind('\n');
    const std::size_t line_start = newline == data.npos ? 0 : newline + 1;
    if (line_start == 0 && !line_starting_) return data;
    return strip_left(data.substr(line_start), is_space).empty() ? data.substr(0, line_start)
                                                                 : data;
  }

  char sign_at(std::size_t at) const {
    return at < rest_.size() && (rest_[at] == '-' || rest_[at] == '+') ? rest_[at] : '\0';
  }

  void begin_tag(std::size_t tag) {
    const char kind = rest_[tag + 1];
    const char sign = sign_at(tag + 2);
    add_data(stripped(rest_.substr(pos_, tag - pos_), sign, kind != '{'));
    advance(tag + (sign == '\0' ? 2 : 3));
    line_starting_ = false;
    if (kind == '#') {
      skip_comment();
    } else if (kind == '%' && take_raw_begin()) {
      read_raw();
    } else {
      read_tag(kind == '{');
    }
  }

  /// Behind the end of a comment or block: `-` strips all space, nothing the next newline.
  void trim_behind(char sign) {
    const std::size_t start = pos_;
    if (sign == '-') {
      skip_space();
    } else if (sign != '+') {
      take("\n");
    }
    line_starting_ = pos_ > start && rest_[pos_ - 1] == '\n';
  }

  void skip_comment() {
    const std::size_t end = rest_.find("#}", pos_);
    if (end == rest_.npos) fail_syntax(line_, "Missing end of comment tag");
    const char sign = end > pos_ ? sign_at(end - 1) : '\0';
    advance(end + 2);
    trim_behind(sign);
  }

  /// `{% raw %}`; its own newline stays.
  bool take_raw_begin() {
    const std::size_t start = pos_;
    const int line = line_;
    skip_space();
    if (take("raw")) {
      skip_space();
      if (take("-%}")) {
        skip_space();
        return true;
      }
      if (take("%}")) return true;
    }
    pos_ = start;
    line_ = line;
    return false;
  }

  void read_raw() {
    const std::size_t start = pos_;
    for (std::size_t at = rest_.find("{%", pos_); at != rest_.npos; at = rest_.find("{%", at + 2)) {
      const char sign = sign_at(at + 2);
      std::string_view tail = strip_left(rest_.substr(at + (sign == '\0' ? 2 : 3)), is_space);
      if (!tail.starts_with("endraw")) continue;
      tail = strip_left(tail.substr(6), is_space);
      const char end_sign = tail.starts_with("-%}") ? '-' : tail.starts_with("+%}") ? '+' : '\0';
      if (end_sign == '\0' && !tail.starts_with("%}")) continue;
      add_data(stripped(rest_.substr(start, at - start), sign, true));
      advance(rest_.size() - tail.size() + (end_sign == '\0' ? 2 : 3));
      trim_behind(end_sign);
      return;
    }
    fail_syntax(line_, "Missing end of raw directive");
  }

  void read_tag(bool output) {
    add(output ? TokenType::output_begin : TokenType::block_begin);
    while (pos_ < rest_.size()) {
      if (brackets_.empty() && (output ? take_output_end() : take_block_end())) return;
      read_token();
    }
    brackets_.clear();
  }

  bool take_output_end() {
    const int line = line_;
    if (take("-}}")) {
      skip_space();
    } else if (!take("}}")) {
      return false;
    }
    tokens_.push_back({.type = TokenType::output_end, .text = "", .line = line});
    line_starting_ = rest_[pos_ - 1] == '\n';
    return true;
  }

  bool take_block_end() {
    const int line = line_;
    const char sign = sign_at(pos_);
    if (!rest_.substr(pos_ + (sign == '\0' ? 0 : 1)).starts_with("%}")) return false;
    advance(pos_ + (sign == '\0' ? 2 : 3));
    trim_behind(sign);
    tokens_.push_back({.type = TokenType::block_end, .text = "", .line = line});
    return true;
  }

  void read_token() {
    const char c = rest_[pos_];
    std::size_t next = pos_;
    const char32_t letter = decode(rest_, next);
    if (is_space(letter)) return skip_space();
    if (is_ascii_digit(c)) return read_number();
    if (is_word(letter)) return read_name();
    if (c == '\'' || c == '"') return read_string();
    read_operator();
  }

  void read_name() {
    const std::size_t start = pos_;
    std::size_t end = pos_;
    while (end < rest_.size()) {
      std::size_t next = end;
      if (!is_word(decode(rest_, next))) break;
      end = next;
    }
    add(TokenType::name, std::string(rest_.substr(start, end - start)));
    advance(end);
  }

  /// (\d+_)*\d+ from `at`; the end of it, or `at` when there is none.
  std::size_t digits_end(std::size_t at) const {
    while (at < rest_.size() && (is_ascii_digit(rest_[at]) ||
                                 (rest_[at] == '_' && is_ascii_digit(rest_[at - 1]) &&
                                  at + 1 < rest_.size() && is_ascii_digit(rest_[at + 1])))) {
      ++at;
    }
    return at;
  }

  /// The end of a float at the position, or npos.
  std::size_t real_end() const {
    if (pos_ > 0 && rest_[pos_ - 1] == '.') return rest_.npos;
    std::size_t end = digits_end(pos_);
    bool real = false;
    if (end + 1 < rest_.size() && rest_[end] == '.' && is_ascii_digit(rest_[end + 1])) {
      end = digits_end(end + 1);
      real = true;
    }
    if (end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < rest_.size() && (rest_[exponent] == '+' || rest_[exponent] == '-')) ++exponent;
      if (exponent < rest_.size() && is_ascii_digit(rest_[exponent])) {
        end = digits_end(exponent);
        real = true;
      }
    }
    return real ? end : rest_.npos;
  }

  std::size_t integer_end() const {
    const auto letter = static_cast<char>(pos_ + 1 < rest_.size() ? rest_[pos_ + 1] | 0x20 : 0);
    if (rest_[pos_] == '0' && (letter == 'x' || letter == 'o' || letter == 'b')) {
      const std::string_view digits = letter == 'x'   ? "0123456789abcdefABCDEF_"
                                      : letter == 'o' ? "01234567_"
                                                      : "01_";
      const std::size_t end = std::min(rest_.find_first_not_of(digits, pos_ + 2), rest_.size());
      if (end > pos_ + 2) return end;
    }
    if (rest_[pos_] != '0') return digits_end(pos_);
    std::size_t end = pos_;
    while (end < rest_.size() &&
           (rest_[end] == '0' ||
            (rest_[end] == '_' && end + 1 < rest_.size() && rest_[end + 1] == '0')))
      ++end;
    return end;
  }

  void read_number() {
    Token token{.type = TokenType::real, .text = "", .line = line_};
    std::size_t end = real_end();
    if (end != rest_.npos) {
      token.real = parse_float(rest_.substr(pos_, end - pos_)).value_or(0);
    } else {
      end = integer_end();
      token.type = TokenType::integer;
      try {
        const auto value = parse_int(rest_.substr(pos_, end - pos_), 0);
        if (!value) fail_syntax(line_, "bad number " + std::string(rest_.substr(pos_, end - pos_)));
        token.integer = *value;
      } catch (const RenderError& error) {
        fail_syntax(line_, error.error.message);
      }
    }
    tokens_.push_back(std::move(token));
    advance(end);
  }

  void read_string() {
    const char quote = rest_[pos_];
    std::size_t end = pos_ + 1;
    while (end < rest_.size() && rest_[end] != quote) end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) fail_syntax(line_, "unexpected char " + std::string(1, quote));
    add(TokenType::text, unescape_literal(rest_.substr(pos_ + 1, end - pos_ - 1), line_));
    advance(end + 1);
  }

  void read_operator() {
    constexpr std::string_view kDouble[] = {"//", "**", "==", "!=", ">=", "<="};
    constexpr std::string_view kSingle = "+-/*%~[](){}><=.:|,;";
    const std::string_view two = rest_.substr(pos_, 2);
    const bool is_double =
        std::find(std::begin(kDouble), std::end(kDouble), two) != std::end(kDouble);
    const std::string_view op = is_double ? two : two.substr(0, 1);
    if (!is_double && kSingle.find(op[0]) == kSingle.npos) {
      fail_syntax(line_, "unexpected char '" + std::string(op) + "'");
    }
    balance(op[0]);
    add(TokenType::op, std::string(op));
    advance(pos_ + op.size());
  }

  void balance(char c) {
    constexpr std::string_view kOpen = "([{";
    constexpr std::string_view kClose = ")]}";
    if (const std::size_t open = kOpen.find(c); open != kOpen.npos) brackets_ += kClose[open];
    if (kClose.find(c) == kClose.npos) return;
    if (brackets_.empty()) fail_syntax(line_, "unexpected '" + std::string(1, c) + "'");
    if (brackets_.back() != c) {
      fail_syntax(line_, "unexpected '" + std::string(1, c) + "', expected '" +
                             std::string(1, brackets_.back()) + "'");
    }
    brackets_.pop_back();
  }

  const std::string text_;
  const std::string_view rest_;
  std::size_t pos_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // the last thing read ended with a newline
  std::string brackets_;       // closing brackets still to come
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

void fail_syntax(int line, const std::string& reason) {
  throw LoadError("chat template, line " + std::to_string(line) + ": " + reason);
}

}  // namespace quire::engine::jinja
