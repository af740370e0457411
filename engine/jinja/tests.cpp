// What may follow `is`. Each follows the test of the same name in jinja2 3.1.
#include <algorithm>

#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

/// A test without arguments.
template <auto holds>
Value plain(Runtime&, const Value& value, const Args& args) {
  const Parameters none("test", args, {});
  return holds(value);
}

template <class T>
bool has(const Value& value) {
  return value.is<T>();
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_true(const Value& value) {
  return value.is<bool>() && truthy(value);
}
bool is_false(const Value& value) {
  return value.is<bool>() && !truthy(value);
}
bool is_number(const Value& value) {
  return number_of(value).has_value();
}
bool is_escaped(const Value& value) {
  return value.text() != nullptr && value.text()->markup;
}
// jinja2's Undefined defines __call__, __iter__, __len__ and __getitem__, so it passes these three.
bool is_callable(const Value& value) {
  return value.is<CallableRef>() || value.is<LoopRef>() || value.is_undefined();
}
bool is_iterable(const Value& value) {
  return value.text() != nullptr || value.sequence() != nullptr || value.dict() != nullptr ||
         value.is_undefined() || value.is<LoopRef>();
}
bool is_sequence(const Value& value) {
  const Sequence* sequence = value.sequence();
  if (sequence == nullptr)
    return value.text() != nullptr || value.dict() != nullptr || value.is_undefined();
  return sequence->kind == Sequence::Kind::list || sequence->kind == Sequence::Kind::tuple ||
         sequence->kind == Sequence::Kind::group || sequence->kind == Sequence::Kind::range;
}

bool remainder_is(Runtime& rt, const Value& value, const Value& divisor, std::int64_t wanted) {
  return equals(rt, binary(rt, Arithmetic::mod, value, divisor), Value(wanted));
}

Value even(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("even", args, {});
  return remainder_is(rt, value, Value(std::int64_t{2}), 0);
}
Value odd(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("odd", args, {});
  return remainder_is(rt, value, Value(std::int64_t{2}), 1);
}
Value divisible_by(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("divisibleby", args, {"num"}, 1);
  return remainder_is(rt, value, *p[0], 0);
}

template <bool wanted>
Value equal(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("eq", args, {"other"}, 1);
  return equals(rt, value, *p[0]) == wanted;
}
template <Order order>
Value compares(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("comparison", args, {"other"}, 1);
  return ordered(rt, order, value, *p[0]);
}
Value in(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("in", args, {"seq"}, 1);
  return contains(rt, *p[0], value);
}

/// Python's `is`: the same object; equal scalars of one type count as the same.
Value same_as(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("sameas", args, {"other"}, 1);
  const Value& other = *p[0];
  if (value.content().index() != other.content().index()) return false;
  if (value.sequence() != nullptr) return value.sequence() == other.sequence();
  if (value.dict() != nullptr) return value.dict() == other.dict();
  return equals(rt, value, other);
}

template <auto wanted, auto unwanted>
Value cased(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("lower or upper", args, {});
  const std::string text = str_of(rt, value);
  bool any = false;
  for (std::size_t pos = 0; pos < text.size();) {
    const char32_t c = decode(text, pos);
    if (unwanted(c) || is_title(c)) return false;
    any |= wanted(c);
  }
  return any;
}

template <auto find_named>
Value names(Runtime&, const Value& value, const Args& args) {
  const Parameters none("filter or test", args, {});
  return value.text() != nullptr && find_named(value.text()->bytes) != nullptr;
}

constexpr NamedNative kTests[] = {
    {"!=", equal<false>},
    {"<", compares<Order::less>},
    {"<=", compares<Order::less_equal>},
    {"==", equal<true>},
    {">", compares<Order::greater>},
    {">=", compares<Order::greater_equal>},
    {"boolean", plain<has<bool>>},
    {"callable", plain<is_callable>},
    {"defined", plain<is_defined>},
    {"divisibleby", divisible_by},
    {"eq", equal<true>},
    {"equalto", equal<true>},
    {"escaped", plain<is_escaped>},
    {"even", even},
    {"false", plain<is_false>},
    {"filter", names<find_filter>},
    {"float", plain<has<double>>},
    {"ge", compares<Order::greater_equal>},
    {"greaterthan", compares<Order::greater>},
    {"gt", compares<Order::greater>},
    {"in", in},
    {"integer", plain<has<std::int64_t>>},
    {"iterable", plain<is_iterable>},
    {"le", compares<Order::less_equal>},
    {"lessthan", compares<Order::less>},
    {"lower", cased<is_lower, is_upper>},
    {"lt", compares<Order::less>},
    {"mapping", plain<has<DictRef>>},
    {"ne", equal<false>},
    {"none", plain<has<None>>},
    {"number", plain<is_number>},
    {"odd", odd},
    {"sameas", same_as},
    {"sequence", plain<is_sequence>},
    {"string", plain<has<TextRef>>},
    {"test", names<find_test>},
    {"true", plain<is_true>},
    {"undefined", plain<has<Undefined>>},
    {"upper", cased<is_upper, is_lower>},
};

}  // namespace

Native find_test(std::string_view name) {
  return find_native(kTests, name);
}

}  // namespace quire::engine::jinja
