// Python's two ways to format text: "%s" % value and "{}".format(value).
#pragma once

#include <string>
#include <string_view>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

/// format % arguments. A tuple gives several arguments, a dict named ones.
Value format_percent(Runtime& rt, const Text& format, const Value& arguments);
/// format.format(*args, **kwargs).
Value format_braces(Runtime& rt, const Text& format, const Args& args);
/// format(value, spec) with Python's format specification mini-language.
std::string format_value(Runtime& rt, const Value& value, std::string_view spec);

struct RealStyle {
  char type = 'f';  // e E f F g G
  int precision = 6;
  bool alternate = false;
};
/// The magnitude as C's printf writes it.
std::string format_real(Runtime& rt, double magnitude, const RealStyle& style);
/// Digits in base 2, 8, 10 or 16.
std::string format_magnitude(std::uint64_t magnitude, unsigned base, bool upper);
/// |value| without overflow.
inline std::uint64_t magnitude_of(std::int64_t value) {
  return value < 0 ? 0U - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}
/// A width or precision: digits at `pos`, which moves behind them; -1 when there are none.
/// Fails when it is larger than any text may be.
std::int64_t read_width(Runtime& rt, std::string_view format, std::size_t& pos);

}  // namespace quire::engine::jinja
