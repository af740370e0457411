#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "engine/jinja/format.h"
#include "engine/jinja/native.h"
#include "engine/jinja/numbers.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Spec {
  std::string fill = " ";
  char align = '\0';
  char sign = '-';
  bool alternate = false;
  std::int64_t width = -1;
  char grouping = '\0';
  std::int64_t precision = -1;
  char type = '\0';
};

Spec parse_spec(Runtime& rt, std::string_view text) {
  Spec spec;
  constexpr std::string_view kAlign = "<>=^";
  std::size_t pos = 0;
  if (!text.empty()) {
    std::size_t after = 0;
    decode(text, after);
    if (after < text.size() && kAlign.find(text[after]) != kAlign.npos) {
      spec.fill = text.substr(0, after);
      spec.align = text[after];
      pos = after + 1;
    } else if (kAlign.find(text[0]) != kAlign.npos) {
      spec.align = text[0];
      pos = 1;
    }
  }
  const auto peek = [&] { return pos < text.size() ? text[pos] : '\0'; };
  if (peek() == '+' || peek() == '-' || peek() == ' ') spec.sign = text[pos++];
  if (peek() == '#') {
    spec.alternate = true;
    ++pos;
  }
  if (peek() == '0') {
    if (spec.align == '\0') {
      spec.fill = "0";
      spec.align = '=';
    }
    ++pos;
  }
  spec.width = read_width(rt, text, pos);
  if (peek() == ',' || peek() == '_') spec.grouping = text[pos++];
  if (peek() == '.') {
    ++pos;
    spec.precision = read_width(rt, text, pos);
    if (spec.precision < 0) fail("Format specifier missing precision");
  }
  if (pos < text.size()) spec.type = text[pos++];
  if (pos != text.size()) fail("Invalid format specifier");
  return spec;
}

std::string grouped(const std::string& digits, char separator, std::size_t every) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % every == 0) out += separator;
    out += digits[i];
  }
  return out;
}

std::string padded(Runtime& rt, const Spec& spec, const std::string& prefix,
                   const std::string& body, char default_align) {
  const auto size = static_cast<std::int64_t>(prefix.size() + count_code_points(body));
  const auto missing = static_cast<std::size_t>(std::max<std::int64_t>(spec.width - size, 0));
  rt.budget.check_text(body.size() + missing * spec.fill.size());
  rt.budget.spend_bytes(missing);
  const auto fill = [&](std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += spec.fill;
    return out;
  };
  switch (spec.align == '\0' ? default_align : spec.align) {
    case '<':
      return prefix + body + fill(missing);
    case '^':
      return fill(missing / 2) + prefix + body + fill(missing - missing / 2);
    case '=':
      return prefix + fill(missing) + body;
    default:
      return fill(missing) + prefix + body;
  }
}

std::string sign_text(const Spec& spec, bool negative) {
  return negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
}

[[noreturn]] void fail_type(char type, std::string_view of) {
  fail("Unknown format code '" + std::string(1, type) + "' for object of type '" + std::string(of) +
       "'");
}

std::string format_float(Runtime& rt, const Spec& spec, double value) {
  const bool percent = spec.type == '%';
  const double magnitude = std::abs(value) * (percent ? 100 : 1);
  std::string body;
  if (spec.type == '\0' && spec.precision < 0) {
    body = float_repr(magnitude);
  } else {
    constexpr std::string_view kTypes = "eEfFgG";
    const char type = percent ? 'f' : spec.type == '\0' || spec.type == 'n' ? 'g' : spec.type;
    if (kTypes.find(type) == kTypes.npos) fail_type(spec.type, "float");
    const auto precision = spec.precision < 0 ? 6 : static_cast<int>(spec.precision);
    body = format_real(rt, magnitude,
                       {.type = type, .precision = precision, .alternate = spec.alternate});
    if (spec.type == '\0' && body.find_first_of(".en") == body.npos) body += ".0";
  }
  if (spec.grouping != '\0') {
    const std::size_t end = std::min(body.find_first_not_of("0123456789"), body.size());
    body = grouped(body.substr(0, end), spec.grouping, 3) + body.substr(end);
  }
  if (percent) body += '%';
  return padded(rt, spec, sign_text(spec, std::signbit(value)), body, '>');
}

std::string format_int(Runtime& rt, const Spec& spec, std::int64_t value) {
  unsigned base = 10;
  switch (spec.type) {
    case '\0':
    case 'd':
    case 'n':
      break;
    case 'x':
    case 'X':
      base = 16;
      break;
    case 'o':
      base = 8;
      break;
    case 'b':
      base = 2;
      break;
    case 'c': {
      if (value < 0 || value > 0x10FFFF) fail("%c arg not in range(0x110000)");
      std::string letter;
      encode(static_cast<char32_t>(value), letter);
      return padded(rt, spec, "", letter, '<');
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case '%':
      return format_float(rt, spec, static_cast<double>(value));
    default:
      fail_type(spec.type, "int");
  }
  if (spec.precision >= 0) fail("Precision not allowed in integer format specifier");
  std::string digits = format_magnitude(magnitude_of(value), base, spec.type == 'X');
  if (spec.grouping != '\0') digits = grouped(digits, spec.grouping, base == 10 ? 3 : 4);
  std::string prefix = sign_text(spec, value < 0);
  if (spec.alternate && base != 10) prefix += std::string("0") + spec.type;
  return padded(rt, spec, prefix, digits, '>');
}

class BraceFormatter {
 public:
  BraceFormatter(Runtime& rt, const Args& args, bool markup)
      : rt_(rt), args_(args), markup_(markup) {}

  /// Fields inside a format specification may not nest further (`level` 2 is the last).
  std::string run(std::string_view format, int level) {
    if (level > 2) fail("Max string recursion exceeded");
    std::string out;
    for (std::size_t pos = 0; pos < format.size();) {
      const char c = format[pos++];
      if ((c == '{' || c == '}') && pos < format.size() && format[pos] == c) {
        out += c;
        ++pos;
      } else if (c == '}') {
        fail("Single '}' encountered in format string");
      } else if (c == '{') {
        out += field(read_field(format, pos), level);
      } else {
        out += c;
      }
      rt_.budget.check_text(out.size());
    }
    rt_.budget.spend_bytes(out.size());
    return out;
  }

 private:
  static std::string_view read_field(std::string_view format, std::size_t& pos) {
    const std::size_t start = pos;
    for (int open = 1; pos < format.size(); ++pos) {
      if (format[pos] == '{') ++open;
      if (format[pos] == '}' && --open == 0) return format.substr(start, pos++ - start);
    }
    fail("expected '}' before end of string");
  }

  std::string field(std::string_view text, int level) {
    rt_.budget.spend();
    const std::size_t name_end = std::min(text.find_first_of("!:"), text.size());
    const Value value = lookup(text.substr(0, name_end));
    std::size_t pos = name_end;
    char conversion = '\0';
    if (pos < text.size() && text[pos] == '!') {
      if (pos + 1 >= text.size()) fail("end of string while looking for conversion specifier");
      conversion = text[pos + 1];
      pos += 2;
    }
    std::string spec;
    if (pos < text.size()) {
      if (text[pos] != ':') fail("expected ':' after conversion specifier");
      spec = run(text.substr(pos + 1), level + 1);
    }
    std::string shown;
    if (conversion == '\0') {
      shown = format_value(rt_, value, spec);
    } else if (conversion == 's' || conversion == 'r' || conversion == 'a') {
      const Value converted =
          rt_.text(conversion == 's' ? str_of(rt_, value) : repr_of(rt_, value));
      shown = format_value(rt_, converted, spec);
    } else {
      fail("Unknown conversion specifier " + std::string(1, conversion));
    }
    const bool safe = value.text() != nullptr && value.text()->markup;
    return markup_ && !safe ? escape_html(shown) : shown;
  }

  Value lookup(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = argument(path.substr(0, end));
    for (std::size_t pos = end; pos < path.size();) {
      if (path[pos] == '.') {
        const std::size_t stop = std::min(path.find_first_of(".[", pos + 1), path.size());
        value = get_attribute(rt_, value, path.substr(pos + 1, stop - pos - 1));
        pos = stop;
      } else {
        const std::size_t stop = path.find(']', pos);
        if (stop == path.npos) fail("Missing ']' in format string");
        const std::string key(path.substr(pos + 1, stop - pos - 1));
        const bool number = !key.empty() && key.find_first_not_of("0123456789") == key.npos;
        value =
            get_item(rt_, value, number ? Value(parse_int(key, 10).value_or(0)) : rt_.text(key));
        pos = stop + 1;
      }
    }
    return value;
  }

  Value argument(std::string_view name) {
    if (name.empty() || name.find_first_not_of("0123456789") == name.npos) {
      const std::size_t index =
          name.empty() ? next_++ : static_cast<std::size_t>(parse_int(name, 10).value_or(0));
      if (index >= args_.positional.size()) {
        fail("Replacement index " + std::to_string(index) +
             " out of range for positional args tuple");
      }
      return args_.positional[index];
    }
    for (const auto& [key, value] : args_.named) {
      if (key == name) return value;
    }
    fail(repr_of_text(name));
  }

  Runtime& rt_;
  const Args& args_;
  const bool markup_;
  std::size_t next_ = 0;
};

}  // namespace

std::string format_value(Runtime& rt, const Value& value, std::string_view spec_text) {
  if (spec_text.empty()) return str_of(rt, value);
  const Spec spec = parse_spec(rt, spec_text);
  if (const Text* text = value.text()) {
    if (spec.type != '\0' && spec.type != 's') fail_type(spec.type, "str");
    std::string shown = text->bytes;
    if (spec.precision >= 0)
      shown.resize(byte_offset(shown, static_cast<std::size_t>(spec.precision)));
    return padded(rt, spec, "", shown, '<');
  }
  const auto number = number_of(value);
  if (!number) {
    fail("unsupported format string passed to " + std::string(type_name(value)) + ".__format__");
  }
  return number->integral ? format_int(rt, spec, number->integer)
                          : format_float(rt, spec, number->real);
}

Value format_braces(Runtime& rt, const Text& format, const Args& args) {
  return rt.text(BraceFormatter(rt, args, format.markup).run(format.bytes, 1), format.markup);
}

std::string format_real(Runtime& rt, double magnitude, const RealStyle& style) {
  if (std::isnan(magnitude) || std::isinf(magnitude)) {
    const bool upper = style.type < 'a';
    return std::isnan(magnitude) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
  }
  rt.budget.check_text(static_cast<std::size_t>(style.precision));
  const std::string format = std::string(style.alternate ? "%#.*" : "%.*") + style.type;
  const char* pattern = format.c_str();
  const int size = std::snprintf(nullptr, 0, pattern, style.precision, magnitude);
  std::string out(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(out.data(), out.size(), pattern, style.precision, magnitude);
  out.pop_back();
  return out;
}

std::string format_magnitude(std::uint64_t magnitude, unsigned base, bool upper) {
  const char* digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  do {
    out += digits[magnitude % base];
    magnitude /= base;
  } while (magnitude > 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::int64_t read_width(Runtime& rt, std::string_view format, std::size_t& pos) {
  if (pos >= format.size() || format[pos] < '0' || format[pos] > '9') return -1;
  std::int64_t width = 0;
  for (; pos < format.size() && format[pos] >= '0' && format[pos] <= '9'; ++pos) {
    width = width * 10 + (format[pos] - '0');
    rt.budget.check_text(static_cast<std::size_t>(width));
    if (width > std::numeric_limits<int>::max()) fail("Too many decimal digits in format string");
  }
  return width;
}

}  // namespace quire::engine::jinja
