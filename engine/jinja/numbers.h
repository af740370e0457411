// Python's arithmetic on int and float, its float repr and its number parsing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

/// An int (bools are ints) or a float.
struct Number {
  bool integral = true;
  std::int64_t integer = 0;
  double real = 0;

  double as_double() const noexcept { return integral ? static_cast<double>(integer) : real; }
};

std::optional<Number> number_of(const Value& value);

/// -1, 0, 1; exact between int and float. NaN is below everything and equal to itself.
int compare_numbers(const Number& a, const Number& b);

enum class Arithmetic : std::uint8_t { add, sub, mul, div, floor_div, mod, pow };

/// Fails on int overflow (ints are 64-bit here) and on division by zero.
Value calculate(Arithmetic op, const Number& a, const Number& b);

/// repr(float): the shortest digits that read back as the same value.
std::string float_repr(double value);
/// float(text) and int(text, base), with Python's white space and underscores.
std::optional<double> parse_float(std::string_view text);
std::optional<std::int64_t> parse_int(std::string_view text, int base);
/// int(value) of a float; fails on NaN, infinities and overflow.
std::int64_t truncate_to_int(double value);

}  // namespace quire::engine::jinja
