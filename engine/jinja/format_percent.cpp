#include <cmath>
#include <string>

#include "engine/jinja/format.h"
#include "engine/jinja/numbers.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

struct Conversion {
  bool left = false;
  bool zero = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  std::int64_t width = -1;
  std::int64_t precision = -1;
  char type = 's';
};

class PercentFormatter {
 public:
  PercentFormatter(Runtime& rt, const Text& format, const Value& arguments)
      : rt_(rt), format_(format), arguments_(arguments) {
    const Sequence* sequence = arguments.sequence();
    if (sequence != nullptr &&
        (sequence->kind == Sequence::Kind::tuple || sequence->kind == Sequence::Kind::group)) {
      tuple_ = sequence;
    }
  }

  Value run() {
    const std::string_view text = format_.bytes;
    while (pos_ < text.size()) {
      const std::size_t percent = std::min(text.find('%', pos_), text.size());
      out_ += text.substr(pos_, percent - pos_);
      pos_ = percent + 1;
      if (percent < text.size()) convert_next();
      rt_.budget.spend();
      rt_.budget.check_text(out_.size());
    }
    const bool surplus = tuple_ != nullptr ? used_ < tuple_->items.size()
                                           : used_ == 0 && arguments_.dict() == nullptr;
    if (surplus && !mapped_) fail("not all arguments converted during string formatting");
    return rt_.text(std::move(out_), format_.markup);
  }

 private:
  char peek() const {
    if (pos_ >= format_.bytes.size()) fail("incomplete format");
    return format_.bytes[pos_];
  }

  Value next_argument() {
    if (tuple_ != nullptr && used_ < tuple_->items.size()) return tuple_->items[used_++];
    if (tuple_ == nullptr && used_++ == 0) return arguments_;
    fail("not enough arguments for format string");
  }

  std::int64_t width_or_star() {
    if (pos_ < format_.bytes.size() && format_.bytes[pos_] == '*') {
      ++pos_;
      const std::int64_t width = int_of(next_argument());
      rt_.budget.check_text(width < 0 ? 0 : static_cast<std::size_t>(width));
      return width;
    }
    return read_width(rt_, format_.bytes, pos_);
  }

  void convert_next() {
    if (peek() == '%') {
      ++pos_;
      out_ += '%';
      return;
    }
    Value named;
    if (peek() == '(') named = mapped_argument();
    Conversion conversion;
    read_flags(conversion);
    conversion.width = width_or_star();
    if (conversion.width < -1) {
      conversion.left = true;
      conversion.width = -conversion.width;
    }
    if (peek() == '.') {
      ++pos_;
      conversion.precision = std::max<std::int64_t>(width_or_star(), 0);
    }
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++pos_;
    conversion.type = peek();
    ++pos_;
    convert(conversion, named.is_undefined() && !mapped_ ? next_argument() : named);
  }

  Value mapped_argument() {
    const Dict* dict = arguments_.dict();
    if (dict == nullptr) fail("format requires a mapping");
    const std::size_t close = format_.bytes.find(')', pos_);
    if (close == std::string::npos) fail("incomplete format key");
    const std::string key = format_.bytes.substr(pos_ + 1, close - pos_ - 1);
    pos_ = close + 1;
    mapped_ = true;
    const Value* found = find(rt_, *dict, key);
    if (found == nullptr) fail(repr_of_text(key));
    return *found;
  }

  void read_flags(Conversion& c) {
    for (;; ++pos_) {
      switch (peek()) {
        case '-':
          c.left = true;
          break;
        case '0':
          c.zero = true;
          break;
        case '+':
          c.plus = true;
          break;
        case ' ':
          c.space = true;
          break;
        case '#':
          c.alternate = true;
          break;
        default:
          return;
      }
    }
  }

  void convert(const Conversion& c, const Value& value) {
    switch (c.type) {
      case 's':
      case 'r':
      case 'a':
        return pad(c, "", clipped(c, shown(c, value)), false);
      case 'c':
        return pad(c, "", character(value), false);
      case 'd':
      case 'i':
      case 'u':
        return convert_integer(c, value, 10);
      case 'o':
        return convert_integer(c, value, 8);
      case 'x':
      case 'X':
        return convert_integer(c, value, 16);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return convert_real(c, value);
      default:
        fail("unsupported format character '" + std::string(1, c.type) + "' at index " +
             std::to_string(pos_ - 1));
    }
  }

  std::string shown(const Conversion& c, const Value& value) {
    const std::string text = c.type == 's' ? str_of(rt_, value) : repr_of(rt_, value);
    const bool safe = value.text() != nullptr && value.text()->markup;
    return format_.markup && !safe ? escape_html(text) : text;
  }

  static std::string clipped(const Conversion& c, std::string text) {
    if (c.precision >= 0) text.resize(byte_offset(text, static_cast<std::size_t>(c.precision)));
    return text;
  }

  static std::string character(const Value& value) {
    const Text* text = value.text();
    if (text != nullptr && text->length == 1) return text->bytes;
    const auto number = number_of(value);
    if (!number || !number->integral) fail("%c requires int or char");
    if (number->integer < 0 || number->integer > 0x10FFFF) fail("%c arg not in range(0x110000)");
    std::string out;
    encode(static_cast<char32_t>(number->integer), out);
    return out;
  }

  static std::string sign(const Conversion& c, bool negative) {
    return negative ? "-" : c.plus ? "+" : c.space ? " " : "";
  }

  void convert_integer(const Conversion& c, const Value& value, unsigned base) {
    const auto number = number_of(value);
    if (!number || (base != 10 && !number->integral)) {
      fail("%" + std::string(1, c.type) +
           " format: " + (base == 10 ? "a real number" : "an integer") + " is required, not " +
           std::string(type_name(value)));
    }
    const std::int64_t integer = number->integral ? number->integer : truncate_to_int(number->real);
    std::string digits = format_magnitude(magnitude_of(integer), base, c.type == 'X');
    if (c.precision > static_cast<std::int64_t>(digits.size())) {
      rt_.budget.check_text(static_cast<std::size_t>(c.precision));
      digits.insert(0, static_cast<std::size_t>(c.precision) - digits.size(), '0');
    }
    std::string prefix = sign(c, integer < 0);
    if (c.alternate && base != 10) prefix += std::string("0") + (base == 8 ? 'o' : c.type);
    pad(c, prefix, digits, true);
  }

  void convert_real(const Conversion& c, const Value& value) {
    const auto number = number_of(value);
    if (!number) fail("must be real number, not " + std::string(type_name(value)));
    const double real = number->as_double();
    pad(c, sign(c, std::signbit(real)),
        format_real(rt_, std::abs(real),
                    {.type = c.type,
                     .precision = c.precision < 0 ? 6 : static_cast<int>(c.precision),
                     .alternate = c.alternate}),
        true);
  }

  void pad(const Conversion& c, const std::string& prefix, const std::string& body, bool numeric) {
    const auto size = static_cast<std::int64_t>(prefix.size() + count_code_points(body));
    const auto fill = static_cast<std::size_t>(std::max<std::int64_t>(c.width - size, 0));
    rt_.budget.check_text(out_.size() + fill + body.size());
    if (!c.left && !(c.zero && numeric)) out_.append(fill, ' ');
    out_ += prefix;
    if (!c.left && c.zero && numeric) out_.append(fill, '0');
    out_ += body;
    if (c.left) out_.append(fill, ' ');
  }

  Runtime& rt_;
  const Text& format_;
  const Value& arguments_;
  const Sequence* tuple_ = nullptr;
  std::size_t used_ = 0;
  bool mapped_ = false;
  std::size_t pos_ = 0;
  std::string out_;
};

}  // namespace

Value format_percent(Runtime& rt, const Text& format, const Value& arguments) {
  return PercentFormatter(rt, format, arguments).run();
}

}  // namespace quire::engine::jinja
