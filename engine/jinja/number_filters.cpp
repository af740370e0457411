// Filters on numbers. Each follows the filter of the same name in jinja2 3.1.
#include <cmath>
#include <cstdio>

#include "engine/jinja/format.h"
#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"

namespace quire::engine::jinja {
namespace {

Value absolute(Runtime&, const Value& value, const Args& args) {
  const Parameters none("abs", args, {});
  require_defined(value);
  const auto number = number_of(value);
  if (!number) fail("bad operand type for abs(): '" + std::string(type_name(value)) + "'");
  if (!number->integral) return std::abs(number->real);
  return number->integer < 0 ? negate(value) : Value(number->integer);
}

std::optional<double> real_of(const Value& value) {
  require_defined(value);
  if (const auto number = number_of(value)) return number->as_double();
  const Text* text = value.text();
  return text == nullptr ? std::nullopt : parse_float(text->bytes);
}

Value to_float(Runtime&, const Value& value, const Args& args) {
  const Parameters p("float", args, {"default"});
  if (const auto real = real_of(value)) return *real;
  return p[0] == nullptr ? Value(0.0) : *p[0];
}

Value to_int(Runtime&, const Value& value, const Args& args) {
  const Parameters p("int", args, {"default", "base"});
  if (const auto number = number_of(value); number && number->integral) return number->integer;
  if (const Text* text = value.text()) {
    const std::int64_t base = p.integer(1, 10);
    if (base != 0 && (base < 2 || base > 36)) fail("int() base must be >= 2 and <= 36, or 0");
    if (const auto integer = parse_int(text->bytes, static_cast<int>(base))) return *integer;
  }
  if (const auto real = real_of(value); real && !std::isnan(*real)) return truncate_to_int(*real);
  return p[0] == nullptr ? Value(std::int64_t{0}) : *p[0];
}

/// Python's round(): to even on exact ties of the decimal expansion, which is what printf does.
double rounded(Runtime& rt, double value, std::int64_t precision) {
  if (!std::isfinite(value) || precision > 323) return value;
  if (precision >= 0) {
    const std::string digits =
        format_real(rt, std::abs(value), {.precision = static_cast<int>(precision)});
    return std::copysign(parse_float(digits).value_or(value), value);
  }
  if (precision < -308) return std::copysign(0.0, value);
  const double scale = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(value / scale) * scale;
}

Value round_to(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("round", args, {"precision", "method"});
  const std::string method = p[1] == nullptr ? "common" : p.text(1)->bytes;
  if (method != "common" && method != "ceil" && method != "floor") {
    fail("method must be common, ceil or floor");
  }
  require_defined(value);
  const auto number = number_of(value);
  if (!number) fail("type " + std::string(type_name(value)) + " doesn't define __round__ method");
  const std::int64_t precision = p.integer(0, 0);
  if (method == "common") {
    if (!number->integral) return rounded(rt, number->real, precision);
    if (precision >= 0) return number->integer;
    return truncate_to_int(rounded(rt, number->as_double(), precision));
  }
  const Value scale = calculate(Arithmetic::pow, Number{true, 10, 0}, Number{true, precision, 0});
  const Value scaled = calculate(Arithmetic::mul, *number, *number_of(scale));
  const Number factor = *number_of(scaled);
  const std::int64_t whole =
      factor.integral
          ? factor.integer
          : truncate_to_int(method == "ceil" ? std::ceil(factor.real) : std::floor(factor.real));
  return calculate(Arithmetic::div, Number{true, whole, 0}, *number_of(scale));
}

constexpr NamedNative kFilters[] = {
    {"abs", absolute},
    {"float", to_float},
    {"int", to_int},
    {"round", round_to},
};

}  // namespace

std::span<const NamedNative> number_filters() {
  return kFilters;
}

}  // namespace quire::engine::jinja
