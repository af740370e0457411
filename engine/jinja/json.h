// JSON in and out: template variables from nlohmann::ordered_json, and Python's json.dumps, which
// is what transformers binds to the `tojson` filter (no HTML escaping).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

Value from_json(Runtime& rt, const nlohmann::ordered_json& json);

struct DumpStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;  // one level of it; absent: everything on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

std::string to_json(Runtime& rt, const Value& value, const DumpStyle& style);

}  // namespace quire::engine::jinja
