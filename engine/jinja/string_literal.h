// Escape sequences of Python string literals.
#pragma once

#include <string>
#include <string_view>

namespace quire::engine::jinja {

/// What stands between the quotes, escapes resolved; unknown escapes stay. Throws LoadError on a
/// truncated \x, \u or \U and on \N, which is not supported.
std::string unescape_literal(std::string_view body, int line);

}  // namespace quire::engine::jinja
