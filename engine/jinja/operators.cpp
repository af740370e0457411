#include "engine/jinja/operators.h"

#include <algorithm>

#include "engine/jinja/format.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/search.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

using Kind = Sequence::Kind;

bool is_tuple(const Sequence& s) {
  return s.kind == Kind::tuple || s.kind == Kind::group;
}

/// Which sequences can be equal or ordered: each kind with itself, groups with tuples.
Kind comparison_kind(const Sequence& s) {
  return is_tuple(s) ? Kind::tuple : s.kind;
}

bool compares_by_items(const Sequence& s) {
  return s.kind == Kind::list || s.kind == Kind::range || is_tuple(s);
}

bool equal_sequences(Runtime& rt, const Sequence& a, const Sequence& b) {
  if (&a == &b) return true;
  if (comparison_kind(a) != comparison_kind(b) || !compares_by_items(a)) return false;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                    [&](const Value& x, const Value& y) { return equals(rt, x, y); });
}

bool equal_dicts(Runtime& rt, const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  return std::all_of(a.entries.begin(), a.entries.end(), [&](const Dict::Entry& entry) {
    const Value* other = find(rt, b, entry.first);
    return other != nullptr && equals(rt, entry.second, *other);
  });
}

[[noreturn]] void fail_order(Order order, const Value& a, const Value& b) {
  constexpr std::string_view kSymbols[] = {"<", "<=", ">", ">="};
  fail("'" + std::string(kSymbols[static_cast<std::size_t>(order)]) +
       "' not supported between instances of '" + std::string(type_name(a)) + "' and '" +
       std::string(type_name(b)) + "'");
}

bool holds(Order order, int comparison) {
  switch (order) {
    case Order::less:
      return comparison < 0;
    case Order::less_equal:
      return comparison <= 0;
    case Order::greater:
      return comparison > 0;
    case Order::greater_equal:
      return comparison >= 0;
  }
  return false;
}

bool is_nan(const Number& n) {
  return !n.integral && n.real != n.real;
}

int key_class(const Value& value) {
  struct Class {
    int operator()(const None&) const { return 0; }
    int operator()(bool) const { return 1; }
    int operator()(std::int64_t) const { return 1; }
    int operator()(double) const { return 1; }
    int operator()(const TextRef&) const { return 2; }
    int operator()(const SequenceRef&) const { return 3; }
    int operator()(const Undefined&) const { return 4; }
    int operator()(const DictRef&) const { return 5; }
    int operator()(const NamespaceRef&) const { return 6; }
    int operator()(const CallableRef&) const { return 7; }
    int operator()(const LoopRef&) const { return 8; }
  };
  return std::visit(Class{}, value.content());
}

/// Where the shared content lies, for values that are compared by identity.
const void* address_of(const Value& value) {
  if (const NamespaceRef* names = value.get_if<NamespaceRef>()) return names->get();
  if (const CallableRef* callable = value.get_if<CallableRef>()) return callable->get();
  if (const LoopRef* loop = value.get_if<LoopRef>()) return loop->get();
  return value.dict();
}

[[noreturn]] void fail_operands(std::string_view symbol, const Value& a, const Value& b) {
  fail("unsupported operand type(s) for " + std::string(symbol) + ": '" +
       std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

/// MarkupSafe: adding to markup escapes what is added.
Value add_texts(Runtime& rt, const Text& a, const Text& b) {
  const bool markup = a.markup || b.markup;
  const auto shown = [markup](const Text& t) {
    return markup && !t.markup ? escape_html(t.bytes) : t.bytes;
  };
  rt.budget.check_text(a.bytes.size() + b.bytes.size());
  std::string joined = shown(a);
  joined += shown(b);
  return rt.text(std::move(joined), markup);
}

Value add(Runtime& rt, const Value& a, const Value& b) {
  const Text* left_text = a.text();
  if (left_text != nullptr) {
    if (const Text* right = b.text()) return add_texts(rt, *left_text, *right);
    fail("can only concatenate str (not \"" + std::string(type_name(b)) + "\") to str");
  }
  const Sequence* left = a.sequence();
  if (left != nullptr && (left->kind == Kind::list || is_tuple(*left))) {
    const Sequence* right = b.sequence();
    const std::string kind = left->kind == Kind::list ? "list" : "tuple";
    if (right == nullptr || comparison_kind(*right) != comparison_kind(*left)) {
      fail("can only concatenate " + kind + " (not \"" + std::string(type_name(b)) + "\") to " +
           kind);
    }
    rt.budget.spend(left->items.size() + right->items.size());
    std::vector<Value> items = left->items;
    items.insert(items.end(), right->items.begin(), right->items.end());
    return rt.sequence(comparison_kind(*left), std::move(items));
  }
  fail_operands("+", a, b);
}

/// text * n, list * n and tuple * n.
std::optional<Value> repeat(Runtime& rt, const Value& subject, const Value& times) {
  const auto count = number_of(times);
  if (!count || !count->integral) return std::nullopt;
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(count->integer, 0));
  if (const Text* text = subject.text()) {
    if (text->bytes.empty() || n == 0) return rt.text("", text->markup);
    if (n > rt.budget.limits().output_bytes / text->bytes.size()) {
      rt.budget.check_text(rt.budget.limits().output_bytes + 1);
    }
    std::string out;
    out.reserve(text->bytes.size() * n);
    for (std::size_t i = 0; i < n; ++i) out += text->bytes;
    return rt.text(std::move(out), text->markup);
  }
  const Sequence* sequence = subject.sequence();
  if (sequence == nullptr || !(sequence->kind == Kind::list || is_tuple(*sequence)))
    return std::nullopt;
  if (!sequence->items.empty() && n > rt.budget.limits().steps / sequence->items.size()) {
    rt.budget.spend(rt.budget.limits().steps + 1);
  }
  rt.budget.spend(n * sequence->items.size());
  std::vector<Value> items;
  items.reserve(n * sequence->items.size());
  for (std::size_t i = 0; i < n && !sequence->items.empty(); ++i) {
    items.insert(items.end(), sequence->items.begin(), sequence->items.end());
  }
  return rt.sequence(comparison_kind(*sequence), std::move(items));
}

}  // namespace

void fail_undefined(const Value& value) {
  const Undefined* undefined = value.get_if<Undefined>();
  fail(undefined != nullptr && undefined->message != nullptr ? *undefined->message
                                                             : "the value is undefined");
}

void require_defined(const Value& value) {
  if (value.is_undefined()) fail_undefined(value);
}

bool truthy(const Value& value) {
  struct Truth {
    bool operator()(const Undefined&) const { return false; }
    bool operator()(const None&) const { return false; }
    bool operator()(bool b) const { return b; }
    bool operator()(std::int64_t i) const { return i != 0; }
    bool operator()(double d) const { return d != 0; }
    bool operator()(const TextRef& t) const { return !t->bytes.empty(); }
    bool operator()(const SequenceRef& s) const {
      return s->kind == Kind::generator || !s->items.empty();
    }
    bool operator()(const DictRef& d) const { return !d->entries.empty(); }
    bool operator()(const NamespaceRef&) const { return true; }
    bool operator()(const CallableRef&) const { return true; }
    bool operator()(const LoopRef&) const { return true; }
  };
  return std::visit(Truth{}, value.content());
}

bool equals(Runtime& rt, const Value& a, const Value& b) {
  rt.budget.spend();
  if (const auto x = number_of(a)) {
    const auto y = number_of(b);
    return y && !is_nan(*x) && !is_nan(*y) && compare_numbers(*x, *y) == 0;
  }
  if (const Text* x = a.text()) {
    const Text* y = b.text();
    if (y == nullptr || x->bytes.size() != y->bytes.size()) return false;
    rt.budget.spend_bytes(x->bytes.size());
    return x == y || x->bytes == y->bytes;
  }
  if (const Sequence* x = a.sequence()) {
    const Sequence* y = b.sequence();
    return y != nullptr && equal_sequences(rt, *x, *y);
  }
  if (const Dict* x = a.dict()) {
    const Dict* y = b.dict();
    return y != nullptr && (x == y || equal_dicts(rt, *x, *y));
  }
  return a.content().index() == b.content().index() && address_of(a) == address_of(b);
}

bool ordered(Runtime& rt, Order order, const Value& a, const Value& b) {
  rt.budget.spend();
  require_defined(a);
  require_defined(b);
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (x && y) return !is_nan(*x) && !is_nan(*y) && holds(order, compare_numbers(*x, *y));
  if (a.text() != nullptr && b.text() != nullptr) {
    rt.budget.spend_bytes(std::min(a.text()->bytes.size(), b.text()->bytes.size()));
    // UTF-8 orders by bytes as by code points.
    return holds(order, a.text()->bytes.compare(b.text()->bytes));
  }
  const Sequence* left = a.sequence();
  const Sequence* right = b.sequence();
  if (left == nullptr || right == nullptr || comparison_kind(*left) != comparison_kind(*right) ||
      !(left->kind == Kind::list || is_tuple(*left))) {
    fail_order(order, a, b);
  }
  const std::size_t shared = std::min(left->items.size(), right->items.size());
  for (std::size_t i = 0; i < shared; ++i) {
    if (!equals(rt, left->items[i], right->items[i])) {
      return ordered(rt, order, left->items[i], right->items[i]);
    }
  }
  return holds(order, left->items.size() < right->items.size()
                          ? -1
                          : static_cast<int>(left->items.size() > right->items.size()));
}

bool contains(Runtime& rt, const Value& container, const Value& item) {
  if (const Text* text = container.text()) {
    require_defined(item);
    const Text* needle = item.text();
    if (needle == nullptr) {
      fail("'in <string>' requires string as left operand, not " + std::string(type_name(item)));
    }
    rt.budget.spend_bytes(text->bytes.size());
    return find_text(text->bytes, needle->bytes, 0) != std::string_view::npos;
  }
  if (const Dict* dict = container.dict()) return find(rt, *dict, item) != nullptr;
  if (container.is_undefined()) return false;
  Sequence* sequence = container.sequence();
  if (sequence == nullptr) {
    fail("argument of type '" + std::string(type_name(container)) + "' is not iterable");
  }
  std::size_t i = sequence->kind == Kind::generator ? sequence->cursor : 0;
  bool found = false;
  while (!found && i < sequence->items.size()) found = equals(rt, sequence->items[i++], item);
  if (sequence->kind == Kind::generator) sequence->cursor = i;
  return found;
}

int compare_keys(Runtime& rt, const Value& a, const Value& b) {
  rt.budget.spend();
  const int class_a = key_class(a);
  const int class_b = key_class(b);
  if (class_a != class_b) return class_a < class_b ? -1 : 1;
  if (const auto x = number_of(a)) return compare_numbers(*x, *number_of(b));
  if (const Text* x = a.text()) {
    rt.budget.spend_bytes(std::min(x->bytes.size(), b.text()->bytes.size()));
    return x->bytes.compare(b.text()->bytes);
  }
  if (const Sequence* x = a.sequence()) {
    const Sequence* y = b.sequence();
    const std::size_t shared = std::min(x->items.size(), y->items.size());
    for (std::size_t i = 0; i < shared; ++i) {
      if (const int order = compare_keys(rt, x->items[i], y->items[i]); order != 0) return order;
    }
    return x->items.size() < y->items.size() ? -1
                                             : static_cast<int>(x->items.size() > y->items.size());
  }
  const std::less<const void*> before;
  return before(address_of(a), address_of(b))
             ? -1
             : static_cast<int>(before(address_of(b), address_of(a)));
}

int compare_key_with_text(const Value& key, std::string_view text) {
  constexpr int kTextClass = 2;
  if (const Text* other = key.text()) return std::string_view(other->bytes).compare(text);
  return key_class(key) < kTextClass ? -1 : 1;
}

Value binary(Runtime& rt, Arithmetic op, const Value& a, const Value& b) {
  constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  require_defined(a);
  if (op == Arithmetic::mod && a.text() != nullptr) return format_percent(rt, *a.text(), b);
  require_defined(b);
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (x && y) return calculate(op, *x, *y);
  if (op == Arithmetic::add) return add(rt, a, b);
  if (op == Arithmetic::mul) {
    if (auto repeated = repeat(rt, a, b)) return std::move(*repeated);
    if (auto repeated = repeat(rt, b, a)) return std::move(*repeated);
    if (a.text() != nullptr || a.sequence() != nullptr) {
      fail("can't multiply sequence by non-int of type '" + std::string(type_name(b)) + "'");
    }
  }
  fail_operands(kSymbols[static_cast<std::size_t>(op)], a, b);
}

Value negate(const Value& value) {
  require_defined(value);
  const auto number = number_of(value);
  if (!number) fail("bad operand type for unary -: '" + std::string(type_name(value)) + "'");
  if (!number->integral) return -number->real;
  return calculate(Arithmetic::sub, Number{}, *number);
}

Value plus(const Value& value) {
  require_defined(value);
  const auto number = number_of(value);
  if (!number) fail("bad operand type for unary +: '" + std::string(type_name(value)) + "'");
  return number->integral ? Value(number->integer) : Value(number->real);
}

std::int64_t int_of(const Value& value) {
  require_defined(value);
  const auto number = number_of(value);
  if (!number || !number->integral) {
    fail("'" + std::string(type_name(value)) + "' object cannot be interpreted as an integer");
  }
  return number->integer;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace quire::engine::jinja
