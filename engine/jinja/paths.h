// Attribute paths of filters ("function.name", "0.id") and stable sorting by keys.
#pragma once

#include <optional>
#include <vector>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

/// The keys to follow, one subscript after the other. An empty path is the item itself.
using Path = std::vector<Value>;

/// An attribute argument: text with dots, where digits are indices, or an int.
Path parse_path(Runtime& rt, const Value& attribute);
/// Comma-separated paths.
std::vector<Path> parse_paths(Runtime& rt, const Value& attribute);
Value follow(Runtime& rt, const Value& item, const Path& path, const Value* otherwise = nullptr);

/// Text in lower case when `fold`; anything else as it is.
Value folded(Runtime& rt, const Value& value, bool fold);

struct Keyed {
  Value key;
  Value item;
};
/// The items in the order of their keys, equal ones in their own order. Fails on keys that have no
/// order between them.
std::vector<Value> sorted(Runtime& rt, std::vector<Keyed> rows, bool reverse);

}  // namespace quire::engine::jinja
