// Python's operators and built-in protocols (truth, order, membership, length, iteration, indexing)
// on template values. All of them charge the budget for the work they do and fail with Python's
// messages; an undefined operand fails with what made it undefined.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/jinja/numbers.h"
#include "engine/jinja/value.h"

namespace quire::engine::jinja {

/// Fails with the undefined value's own message. REQUIRES: value.is_undefined().
[[noreturn]] void fail_undefined(const Value& value);
void require_defined(const Value& value);

bool truthy(const Value& value);
bool equals(Runtime& rt, const Value& a, const Value& b);
/// a < b, a <= b ...; `symbol` is for the message.
enum class Order : std::uint8_t { less, less_equal, greater, greater_equal };
bool ordered(Runtime& rt, Order order, const Value& a, const Value& b);
bool contains(Runtime& rt, const Value& container, const Value& item);

/// A total order over hashable values that agrees with equality; the order of dict indices.
int compare_keys(Runtime& rt, const Value& a, const Value& b);
int compare_key_with_text(const Value& key, std::string_view text);

Value binary(Runtime& rt, Arithmetic op, const Value& a, const Value& b);
Value negate(const Value& value);
Value plus(const Value& value);

std::size_t length(Runtime& rt, const Value& value);
/// Every item an iteration yields; a generator is spent by it.
std::vector<Value> items_of(Runtime& rt, const Value& value);

/// subject[key] on contents alone; nothing when there is no such element.
std::optional<Value> element(Runtime& rt, const Value& subject, const Value& key);
struct SliceBounds {
  Value start;
  Value stop;
  Value step;
};
Value slice(Runtime& rt, const Value& subject, const SliceBounds& bounds);

/// The code points [start, end) of `text`.
Value substring(Runtime& rt, const Text& text, std::size_t start, std::size_t end);

/// An argument that must be an int (bools are).
std::int64_t int_of(const Value& value);
/// HTML escaping as MarkupSafe does it.
std::string escape_html(std::string_view text);

}  // namespace quire::engine::jinja
