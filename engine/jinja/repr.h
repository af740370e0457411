// str() and repr() of template values, as Python prints them.
#pragma once

#include <string>
#include <string_view>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

/// str(value): "" for undefined, "None", "True", "[1, 'a']".
std::string str_of(Runtime& rt, const Value& value);
std::string repr_of(Runtime& rt, const Value& value);
std::string repr_of_text(std::string_view text);

/// jinja's soft_str: text stays as it is (markup included), anything else becomes its str().
TextRef soft_text(Runtime& rt, const Value& value);

}  // namespace quire::engine::jinja
