#include "engine/jinja/numbers.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

[[noreturn]] void fail_overflow() {
  fail("integer overflow: ints have 64 bits here");
}

std::int64_t checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) fail_overflow();
  return result;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  if (b == 0) fail("integer division or modulo by zero");
  if (a == kMin && b == -1) fail_overflow();
  return a / b - static_cast<std::int64_t>(a % b != 0 && (a < 0) != (b < 0));
}

std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  if (b == 0) fail("integer division or modulo by zero");
  if (b == -1) return 0;  // and not kMin % -1, which overflows
  const std::int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

struct FloatDivision {
  double quotient;
  double remainder;
};

/// Python's float divmod: the remainder has the divisor's sign.
FloatDivision float_divmod(double a, double b) {
  if (b == 0) fail("float floor division by zero");
  double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0) {
    if ((b < 0) != (remainder < 0)) {
      remainder += b;
      quotient -= 1;
    }
  } else {
    remainder = std::copysign(0.0, b);
  }
  if (quotient != 0) {
    const double floored = std::floor(quotient);
    quotient = quotient - floored > 0.5 ? floored + 1 : floored;
  } else {
    quotient = std::copysign(0.0, a / b);
  }
  return {quotient, remainder};
}

std::int64_t int_pow(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (true) {
    if ((exponent & 1) != 0) result = checked_mul(result, base);
    exponent >>= 1;
    if (exponent == 0) return result;
    base = checked_mul(base, base);
  }
}

Value calculate_ints(Arithmetic op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case Arithmetic::add:
      if (__builtin_add_overflow(a, b, &result)) fail_overflow();
      return result;
    case Arithmetic::sub:
      if (__builtin_sub_overflow(a, b, &result)) fail_overflow();
      return result;
    case Arithmetic::mul:
      return checked_mul(a, b);
    case Arithmetic::div:
      if (b == 0) fail("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    case Arithmetic::floor_div:
      return floor_div(a, b);
    case Arithmetic::mod:
      return floor_mod(a, b);
    case Arithmetic::pow:
      if (b >= 0) return int_pow(a, b);
      if (a == 0) fail("0.0 cannot be raised to a negative power");
      return std::pow(static_cast<double>(a), static_cast<double>(b));
  }
  fail("unknown operation");
}

Value calculate_floats(Arithmetic op, double a, double b) {
  switch (op) {
    case Arithmetic::add:
      return a + b;
    case Arithmetic::sub:
      return a - b;
    case Arithmetic::mul:
      return a * b;
    case Arithmetic::div:
      if (b == 0) fail("float division by zero");
      return a / b;
    case Arithmetic::floor_div:
      return float_divmod(a, b).quotient;
    case Arithmetic::mod:
      if (b == 0) fail("float modulo");
      return float_divmod(a, b).remainder;
    case Arithmetic::pow: {
      if (a == 0 && b < 0) fail("0.0 cannot be raised to a negative power");
      const double power = std::pow(a, b);
      if (std::isnan(power) && !std::isnan(a) && !std::isnan(b))
        fail("complex numbers are not supported");
      if (std::isinf(power) && std::isfinite(a) && std::isfinite(b))
        fail("(34, 'Numerical result out of range')");
      return power;
    }
  }
  fail("unknown operation");
}

std::string_view strip_space(std::string_view text) {
  return strip_right(strip_left(text, is_space), is_space);
}

/// Digits with single underscores between them become plain digits; nothing if misplaced.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain.push_back(text[i]);
      continue;
    }
    const auto is_digit_at = [&](std::size_t at) {
      return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
    };
    if (i == 0 || !is_digit_at(i - 1) || !is_digit_at(i + 1)) return std::nullopt;
  }
  return plain;
}

}  // namespace

std::optional<Number> number_of(const Value& value) {
  if (const auto* integer = value.get_if<std::int64_t>()) return Number{true, *integer, 0};
  if (const auto* boolean = value.get_if<bool>()) return Number{true, *boolean ? 1 : 0, 0};
  if (const auto* real = value.get_if<double>()) return Number{false, 0, *real};
  return std::nullopt;
}

int compare_numbers(const Number& a, const Number& b) {
  if (a.integral && b.integral)
    return a.integer < b.integer ? -1 : static_cast<int>(a.integer > b.integer);
  if (!a.integral && std::isnan(a.real)) return !b.integral && std::isnan(b.real) ? 0 : -1;
  if (!b.integral && std::isnan(b.real)) return 1;
  // long double has 64 bits of mantissa or more: every int64 and every double is exact in it.
  const auto widen = [](const Number& n) {
    return n.integral ? static_cast<long double>(n.integer) : static_cast<long double>(n.real);
  };
  return widen(a) < widen(b) ? -1 : static_cast<int>(widen(a) > widen(b));
}

Value calculate(Arithmetic op, const Number& a, const Number& b) {
  if (a.integral && b.integral) return calculate_ints(op, a.integer, b.integer);
  return calculate_floats(op, a.as_double(), b.as_double());
}

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                     std::chars_format::scientific);
  const std::string_view scientific(buffer.data(),
                                    static_cast<std::size_t>(written.ptr - buffer.data()));
  const std::size_t e = scientific.find('e');
  std::string digits(1, scientific[0]);
  if (e > 1) digits += scientific.substr(2, e - 2);
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1),
                  scientific.data() + scientific.size(), exponent);
  std::string out = std::signbit(value) ? "-" : "";
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {  // where repr() changes to scientific notation
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    const std::string magnitude = std::to_string(std::abs(exponent));
    return out + (exponent < 0 ? "e-" : "e+") + (magnitude.size() < 2 ? "0" : "") + magnitude;
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto before = static_cast<std::size_t>(exponent) + 1;
  if (count <= exponent + 1) return out + digits + std::string(before - digits.size(), '0') + ".0";
  return out + digits.substr(0, before) + "." + digits.substr(before);
}

std::optional<double> parse_float(std::string_view text) {
  const auto plain = without_underscores(strip_space(text));
  if (!plain || plain->empty()) return std::nullopt;
  std::string_view digits = *plain;
  const bool negative = digits[0] == '-';
  if (digits[0] == '-' || digits[0] == '+') digits.remove_prefix(1);
  // from_chars also reads "nan(...)", a second sign and hexadecimal "inf" forms: only these here.
  if (digits.empty() || digits[0] == '-' || digits[0] == '+' || digits.find('(') != digits.npos)
    return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ptr != digits.data() + digits.size() || read.ec == std::errc::invalid_argument)
    return std::nullopt;
  if (read.ec == std::errc::result_out_of_range)
    value = std::strtod(std::string(digits).c_str(), nullptr);
  return negative ? -value : value;
}

std::optional<std::int64_t> parse_int(std::string_view text, int base) {
  text = strip_space(text);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 2 && text[0] == '0') {
    const char letter = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
    const int prefix_base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (prefix_base != 0 && (base == prefix_base || base == 0)) {
      base = prefix_base;
      text.remove_prefix(text[2] == '_' ? 3 : 2);
    }
  }
  const auto plain = without_underscores(text);
  if (!plain || plain->empty()) return std::nullopt;
  if (base == 0) {
    if (plain->size() > 1 && (*plain)[0] == '0' && plain->find_first_not_of('0') != plain->npos)
      return std::nullopt;
    base = 10;
  }
  std::uint64_t magnitude = 0;
  const auto read = std::from_chars(plain->data(), plain->data() + plain->size(), magnitude, base);
  if (read.ptr != plain->data() + plain->size()) return std::nullopt;
  const std::uint64_t limit =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1U : 0U);
  if (read.ec == std::errc::result_out_of_range || magnitude > limit) fail_overflow();
  return static_cast<std::int64_t>(negative ? 0U - magnitude : magnitude);
}

std::int64_t truncate_to_int(double value) {
  if (std::isnan(value)) fail("cannot convert float NaN to integer");
  if (std::isinf(value)) fail("cannot convert float infinity to integer");
  if (value >= 0x1p63 || value < -0x1p63) fail_overflow();
  return static_cast<std::int64_t>(value);
}

}  // namespace quire::engine::jinja
