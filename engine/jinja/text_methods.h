// The str methods that filters build on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

Value method_capitalize(Runtime& rt, const Value& self, const Args& args);
Value method_center(Runtime& rt, const Value& self, const Args& args);
Value method_lower(Runtime& rt, const Value& self, const Args& args);
Value method_strip(Runtime& rt, const Value& self, const Args& args);
Value method_upper(Runtime& rt, const Value& self, const Args& args);

/// str.replace: at most `count` times, or everywhere when it is negative.
std::string replaced(Runtime& rt, const std::string& text, std::string_view old_text,
                     std::string_view new_text, std::int64_t count);
/// str.splitlines with all of Unicode's line boundaries.
std::vector<std::string_view> split_lines(Runtime& rt, std::string_view text, bool keep_ends);

}  // namespace quire::engine::jinja
