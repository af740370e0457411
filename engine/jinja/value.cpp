#include "engine/jinja/value.h"

#include <algorithm>
#include <numeric>

#include "engine/jinja/operators.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

// Dicts up to this size are searched from the front, which beats a sorted index.
constexpr std::size_t kSmallDict = 8;

std::size_t depth_of(const Value& value) {
  if (const Sequence* sequence = value.sequence()) return sequence->depth;
  if (const Dict* dict = value.dict()) return dict->depth;
  if (const LoopRef* loop = value.get_if<LoopRef>()) return (*loop)->depth;
  if (const CallableRef* callable = value.get_if<CallableRef>())
    return 1 + depth_of((*callable)->self);
  return 0;
}

void check_depth(const Runtime& rt, std::size_t depth) {
  if (depth > rt.budget.limits().depth) {
    fail_limit("a value nests more than " + std::to_string(rt.budget.limits().depth) +
               " levels deep");
  }
}

/// Drops entries whose key occurred before; the first occurrence takes the last value.
void merge_duplicates(Runtime& rt, Dict& dict) {
  auto& entries = dict.entries;
  std::vector<std::uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return compare_keys(rt, entries[a].first, entries[b].first) < 0;
  });
  std::vector<bool> dropped(entries.size(), false);
  bool any = false;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() &&
           compare_keys(rt, entries[order[i]].first, entries[order[end]].first) == 0) {
      dropped[order[end++]] = true;
      any = true;
    }
    if (end > i + 1) entries[order[i]].second = entries[order[end - 1]].second;
    i = end;
  }
  if (!any) {
    if (entries.size() > kSmallDict) dict.by_key = std::move(order);
    return;
  }
  std::size_t kept = 0;
  std::vector<std::uint32_t> place(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    place[i] = static_cast<std::uint32_t>(kept);
    if (dropped[i]) continue;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
  if (kept <= kSmallDict) return;
  for (const std::uint32_t i : order) {
    if (!dropped[i]) dict.by_key.push_back(place[i]);
  }
}

template <class Compare>
const Value* find_by(Runtime& rt, const Dict& dict, Compare compare_with_key) {
  if (dict.by_key.empty()) {
    rt.budget.spend();
    for (const Dict::Entry& entry : dict.entries) {
      if (compare_with_key(entry.first) == 0) return &entry.second;
    }
    return nullptr;
  }
  const auto place = std::lower_bound(
      dict.by_key.begin(), dict.by_key.end(), 0,
      [&](std::uint32_t index, int) { return compare_with_key(dict.entries[index].first) < 0; });
  if (place == dict.by_key.end()) return nullptr;
  const Dict::Entry& entry = dict.entries[*place];
  return compare_with_key(entry.first) == 0 ? &entry.second : nullptr;
}

}  // namespace

Value Runtime::text(std::string bytes, bool markup) {
  budget.check_text(bytes.size());
  budget.spend_bytes(bytes.size());
  auto made = std::make_shared<Text>();
  made->lease = Lease(budget, sizeof(Text) + bytes.size());
  made->length = count_code_points(bytes);
  made->bytes = std::move(bytes);
  made->markup = markup;
  return TextRef(std::move(made));
}

Value Runtime::sequence(Sequence::Kind kind, std::vector<Value> items) {
  budget.spend(1 + items.size());
  auto made = std::make_shared<Sequence>();
  made->lease = Lease(budget, sizeof(Sequence) + items.size() * sizeof(Value));
  for (const Value& item : items) made->depth = std::max(made->depth, 1 + depth_of(item));
  check_depth(*this, made->depth);
  made->kind = kind;
  made->items = std::move(items);
  return SequenceRef(std::move(made));
}

Value Runtime::dict(std::vector<Dict::Entry> entries) {
  budget.spend(1 + entries.size());
  auto made = std::make_shared<Dict>();
  made->lease = Lease(budget, sizeof(Dict) + entries.size() * (sizeof(Dict::Entry) + 8));
  for (const auto& [key, value] : entries) {
    if (!hashable(key)) fail("unhashable type: '" + std::string(type_name(key)) + "'");
    made->depth = std::max({made->depth, 1 + depth_of(key), 1 + depth_of(value)});
  }
  check_depth(*this, made->depth);
  made->entries = std::move(entries);
  merge_duplicates(*this, *made);
  return DictRef(std::move(made));
}

Value Runtime::make_namespace(std::vector<std::pair<std::string, Value>> attributes) {
  budget.spend(1 + attributes.size());
  auto made = std::make_shared<Namespace>();
  made->lease = Lease(budget, sizeof(Namespace) + attributes.size() * 2 * sizeof(Dict::Entry));
  made->attributes = std::move(attributes);
  namespaces_.push_back(made);
  return made;
}

void Runtime::keep(std::shared_ptr<Scope> scope) {
  if (std::exchange(scope->kept, true)) return;
  scope->lease = Lease(budget, sizeof(Scope) + sizeof(Callable));
  scopes_.push_back(std::move(scope));
}

Runtime::~Runtime() {
  for (const NamespaceRef& names : namespaces_) names->attributes.clear();
  for (const std::shared_ptr<Scope>& scope : scopes_) scope->variables.clear();
}

bool hashable(const Value& value) {
  if (value.dict() != nullptr) return false;
  const Sequence* sequence = value.sequence();
  if (sequence == nullptr) return true;
  if (sequence->kind == Sequence::Kind::list) return false;
  return std::all_of(sequence->items.begin(), sequence->items.end(), hashable);
}

Value literal_text(std::string bytes) {
  auto made = std::make_shared<Text>();
  made->length = count_code_points(bytes);
  made->bytes = std::move(bytes);
  return TextRef(std::move(made));
}

Value undefined(std::string message) {
  return Undefined{std::make_shared<const std::string>(std::move(message))};
}

Value undefined_attribute(const Value& subject, std::string_view name) {
  const std::string who = subject.is_none() ? "None" : std::string(type_name(subject)) + " object";
  return undefined("'" + who + "' has no attribute '" + std::string(name) + "'");
}

std::string_view type_name(const Value& value) {
  struct Name {
    std::string_view operator()(const Undefined&) const { return "Undefined"; }
    std::string_view operator()(const None&) const { return "NoneType"; }
    std::string_view operator()(bool) const { return "bool"; }
    std::string_view operator()(std::int64_t) const { return "int"; }
    std::string_view operator()(double) const { return "float"; }
    std::string_view operator()(const TextRef& text) const {
      return text->markup ? "Markup" : "str";
    }
    std::string_view operator()(const SequenceRef& sequence) const {
      constexpr std::array<std::string_view, 8> kNames = {"list",        "tuple",     "_GroupTuple",
                                                          "range",       "generator", "dict_keys",
                                                          "dict_values", "dict_items"};
      return kNames[static_cast<std::size_t>(sequence->kind)];
    }
    std::string_view operator()(const DictRef&) const { return "dict"; }
    std::string_view operator()(const NamespaceRef&) const { return "Namespace"; }
    std::string_view operator()(const CallableRef& callable) const {
      return callable->macro != nullptr ? "Macro" : "function";
    }
    std::string_view operator()(const LoopRef&) const { return "LoopContext"; }
  };
  return std::visit(Name{}, value.content());
}

const Value* find(Runtime& rt, const Dict& dict, const Value& key) {
  if (const Text* text = key.text()) return find(rt, dict, text->bytes);
  if (!hashable(key)) return nullptr;
  return find_by(rt, dict, [&](const Value& other) { return compare_keys(rt, other, key); });
}

const Value* find(Runtime& rt, const Dict& dict, std::string_view key) {
  return find_by(rt, dict, [&](const Value& other) { return compare_key_with_text(other, key); });
}

}  // namespace quire::engine::jinja
