// subject.name and subject[key], and the methods of lists, tuples and dicts.
#include <algorithm>
#include <array>

#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"

namespace quire::engine::jinja {
namespace {

using Kind = Sequence::Kind;

Value view(Runtime& rt, const Value& self, const Args& args, Kind kind) {
  const Parameters none("dict method", args, {});
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict()->entries) {
    items.push_back(kind == Kind::keys     ? key
                    : kind == Kind::values ? value
                                           : rt.tuple({key, value}));
  }
  return rt.sequence(kind, std::move(items));
}

Value dict_keys(Runtime& rt, const Value& self, const Args& args) {
  return view(rt, self, args, Kind::keys);
}
Value dict_values(Runtime& rt, const Value& self, const Args& args) {
  return view(rt, self, args, Kind::values);
}
Value dict_items(Runtime& rt, const Value& self, const Args& args) {
  return view(rt, self, args, Kind::items);
}

Value dict_get(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("get", args, {"", ""}, 1);
  if (!hashable(*p[0])) fail("unhashable type: '" + std::string(type_name(*p[0])) + "'");
  const Value* found = find(rt, *self.dict(), *p[0]);
  if (found != nullptr) return *found;
  return p[1] == nullptr ? Value(None{}) : *p[1];
}

Value dict_copy(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("copy", args, {});
  return rt.dict(self.dict()->entries);
}

Value list_copy(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("copy", args, {});
  return rt.list(self.sequence()->items);
}

Value list_count(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("count", args, {""}, 1);
  const auto& items = self.sequence()->items;
  return static_cast<std::int64_t>(std::count_if(
      items.begin(), items.end(), [&](const Value& item) { return equals(rt, item, *p[0]); }));
}

Value list_index(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("index", args, {""}, 1);
  const auto& items = self.sequence()->items;
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const Value& item) { return equals(rt, item, *p[0]); });
  if (found == items.end()) fail(repr_of(rt, *p[0]) + " is not in list");
  return static_cast<std::int64_t>(found - items.begin());
}

Value list_pop(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("pop", args, {""});
  auto& items = self.sequence()->items;
  rt.budget.spend_bytes(items.size() * sizeof(Value));
  if (items.empty()) fail("pop from empty list");
  const auto size = static_cast<std::int64_t>(items.size());
  std::int64_t index = p.integer(0, -1);
  if (index < 0) index += size;
  if (index < 0 || index >= size) fail("pop index out of range");
  Value taken = items[static_cast<std::size_t>(index)];
  items.erase(items.begin() + index);
  return taken;
}

Value loop_cycle(Runtime&, const Value& self, const Args& args) {
  if (args.positional.empty()) fail("no items for cycling given");
  const LoopState& loop = **self.get_if<LoopRef>();
  return args.positional[loop.index0 % args.positional.size()];
}

/// Compares with the arguments of its last call. Loops and namespaces are no values to watch: they
/// could come to own themselves.
Value loop_changed(Runtime& rt, const Value& self, const Args& args) {
  LoopState& loop = **self.get_if<LoopRef>();
  for (const Value& value : args.positional) {
    if (value.is<LoopRef>() || value.is<NamespaceRef>() || value.is<CallableRef>() ||
        value.sequence() != nullptr) {
      fail("loop.changed() compares plain values, not '" + std::string(type_name(value)) + "'");
    }
  }
  const Value now = rt.tuple(args.positional);
  if (loop.changed_seen && equals(rt, loop.last_changed, now)) return false;
  loop.changed_seen = true;
  loop.last_changed = now;
  return true;
}

constexpr NamedNative kDictMethods[] = {{"copy", dict_copy},
                                        {"get", dict_get},
                                        {"items", dict_items},
                                        {"keys", dict_keys},
                                        {"values", dict_values}};
constexpr NamedNative kListMethods[] = {
    {"copy", list_copy}, {"count", list_count}, {"index", list_index}, {"pop", list_pop}};
constexpr NamedNative kTupleMethods[] = {{"count", list_count}, {"index", list_index}};
// What jinja2's immutable sandbox keeps from templates.
constexpr std::array<std::string_view, 6> kUnsafeListMethods = {"append", "reverse", "insert",
                                                                "sort",   "extend",  "remove"};
constexpr std::array<std::string_view, 5> kUnsafeDictMethods = {"clear", "pop", "popitem",
                                                                "setdefault", "update"};

Value bound(const Value& self, std::string_view name, Native method) {
  auto made = std::make_shared<Callable>();
  made->name = name;
  made->native = method;
  made->self = self;
  return CallableRef(std::move(made));
}

Value unsafe(const Value& subject, std::string_view name) {
  return undefined("access to attribute '" + std::string(name) + "' of '" +
                   std::string(type_name(subject)) + "' object is unsafe.");
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<Value> loop_attribute(const LoopRef& loop, std::string_view name) {
  const std::size_t size = loop->items.size();
  const std::size_t index0 = loop->index0;
  const auto integer = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
  if (name == "index") return integer(index0 + 1);
  if (name == "index0") return integer(index0);
  if (name == "first") return index0 == 0;
  if (name == "last") return index0 + 1 >= size;
  if (name == "length") return integer(size);
  if (name == "revindex") return integer(size - index0);
  if (name == "revindex0") return integer(size - index0 - 1);
  if (name == "depth") return integer(loop->depth0 + 1);
  if (name == "depth0") return integer(loop->depth0);
  if (name == "previtem") {
    return index0 > 0 ? loop->items[index0 - 1] : undefined("there is no previous item");
  }
  if (name == "nextitem") {
    return index0 + 1 < size ? loop->items[index0 + 1] : undefined("there is no next item");
  }
  if (name == "cycle") return bound(loop, name, loop_cycle);
  if (name == "changed") return bound(loop, name, loop_changed);
  return std::nullopt;
}

std::optional<Value> namespace_attribute(Runtime& rt, const Namespace& names,
                                         std::string_view name) {
  rt.budget.spend(1 + names.attributes.size() / 8);
  for (const auto& [key, value] : names.attributes) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<Value> sequence_attribute(const Value& subject, std::string_view name) {
  const Sequence& sequence = *subject.sequence();
  if (sequence.kind == Kind::list) {
    if (is_one_of(kUnsafeListMethods, name)) return unsafe(subject, name);
    if (const Native method = find_native(kListMethods, name)) return bound(subject, name, method);
  }
  if (sequence.kind == Kind::group) {
    if (name == "grouper") return sequence.items[0];
    if (name == "list") return sequence.items[1];
  }
  if (sequence.kind == Kind::tuple || sequence.kind == Kind::group ||
      sequence.kind == Kind::range) {
    if (const Native method = find_native(kTupleMethods, name)) return bound(subject, name, method);
  }
  return std::nullopt;
}

/// What Python's getattr finds, dict items aside.
std::optional<Value> attribute(Runtime& rt, const Value& subject, std::string_view name) {
  if (subject.text() != nullptr) {
    for (const auto table : {text_methods(), text_splitting_methods()}) {
      if (const Native method = find_native(table, name)) return bound(subject, name, method);
    }
    return std::nullopt;
  }
  if (subject.dict() != nullptr) {
    if (is_one_of(kUnsafeDictMethods, name)) return unsafe(subject, name);
    if (const Native method = find_native(kDictMethods, name)) return bound(subject, name, method);
    return std::nullopt;
  }
  if (subject.sequence() != nullptr) return sequence_attribute(subject, name);
  if (const NamespaceRef* names = subject.get_if<NamespaceRef>())
    return namespace_attribute(rt, **names, name);
  if (const LoopRef* loop = subject.get_if<LoopRef>()) return loop_attribute(*loop, name);
  const CallableRef* callable = subject.get_if<CallableRef>();
  if (callable != nullptr && (*callable)->macro != nullptr && name == "name")
    return rt.text((*callable)->name);
  return std::nullopt;
}

}  // namespace

Value get_attribute(Runtime& rt, const Value& subject, std::string_view name) {
  rt.budget.spend();
  require_defined(subject);
  if (auto found = attribute(rt, subject, name)) return std::move(*found);
  if (const Dict* dict = subject.dict()) {
    if (const Value* found = find(rt, *dict, name)) return *found;
  }
  return undefined_attribute(subject, name);
}

Value get_item(Runtime& rt, const Value& subject, const Value& key) {
  require_defined(subject);
  if (auto found = element(rt, subject, key)) return std::move(*found);
  if (const Text* name = key.text()) {
    if (auto found = attribute(rt, subject, name->bytes)) return std::move(*found);
    return undefined_attribute(subject, name->bytes);
  }
  const std::string who = subject.is_none() ? "None" : std::string(type_name(subject)) + " object";
  return undefined(who + " has no element " + repr_of(rt, key));
}

}  // namespace quire::engine::jinja
