// Filters that look into items: by attribute, by test, by another filter. Each follows the filter
// of the same name in jinja2 3.1.
#include <algorithm>
#include <set>

#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/paths.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

std::vector<std::string_view> split_on(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t found = text.find(separator);
    parts.push_back(text.substr(0, found));
    if (found == text.npos) return parts;
    text.remove_prefix(found + 1);
  }
}

Path path_of(Runtime& rt, std::string_view text) {
  Path path;
  for (const std::string_view part : split_on(text, '.')) {
    const bool index = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    path.push_back(index ? Value(parse_int(part, 10).value_or(0)) : rt.text(std::string(part)));
  }
  return path;
}

/// The filter or test that map, select and reject apply, and its arguments.
struct Applied {
  std::string name;
  Args args;
};

Applied applied_from(const Args& args, std::size_t offset) {
  Applied applied{.name = args.positional[offset].text() == nullptr
                              ? std::string()
                              : args.positional[offset].text()->bytes,
                  .args = {.positional = {}, .named = args.named}};
  if (args.positional[offset].text() == nullptr) fail("the name of a filter or test must be str");
  applied.args.positional.assign(args.positional.begin() + static_cast<std::ptrdiff_t>(offset) + 1,
                                 args.positional.end());
  return applied;
}

Value map(Runtime& rt, const Value& value, const Args& args) {
  std::vector<Value> mapped;
  if (args.positional.empty() && !args.named.empty() &&
      std::any_of(args.named.begin(), args.named.end(),
                  [](const auto& n) { return n.first == "attribute"; })) {
    const Parameters p("map", args, {"attribute", "default"});
    const Path path = parse_path(rt, *p[0]);
    for (const Value& item : items_of(rt, value))
      mapped.push_back(follow(rt, item, path, p.given(1)));
    return rt.generator(std::move(mapped));
  }
  if (args.positional.empty()) fail("map requires a filter argument");
  const Applied filter = applied_from(args, 0);
  for (const Value& item : items_of(rt, value)) {
    mapped.push_back(call_filter(rt, filter.name, item, filter.args));
  }
  return rt.generator(std::move(mapped));
}

template <bool keep, bool by_attribute>
Value select(Runtime& rt, const Value& value, const Args& args) {
  constexpr std::size_t kOffset = by_attribute ? 1 : 0;
  if (args.positional.size() < kOffset) fail("Missing parameter for attribute name");
  const Path path = by_attribute ? parse_path(rt, args.positional[0]) : Path{};
  std::optional<Applied> test;
  if (args.positional.size() > kOffset) test = applied_from(args, kOffset);
  std::vector<Value> kept;
  for (Value& item : items_of(rt, value)) {
    const Value subject = follow(rt, item, path);
    const bool holds = test ? call_test(rt, test->name, subject, test->args) : truthy(subject);
    if (holds == keep) kept.push_back(std::move(item));
  }
  return rt.generator(std::move(kept));
}

Value sort(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("sort", args, {"reverse", "case_sensitive", "attribute"});
  const std::vector<Path> paths =
      p.given(2) == nullptr ? std::vector<Path>{Path{}} : parse_paths(rt, *p[2]);
  const bool fold = !p.flag(1, false);
  std::vector<Keyed> rows;
  for (Value& item : items_of(rt, value)) {
    std::vector<Value> keys;
    for (const Path& path : paths) keys.push_back(folded(rt, follow(rt, item, path), fold));
    rows.push_back({rt.list(std::move(keys)), std::move(item)});
  }
  return rt.list(sorted(rt, std::move(rows), p.flag(0, false)));
}

Value unique(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("unique", args, {"case_sensitive", "attribute"});
  const Path path = p.given(1) == nullptr ? Path{} : parse_path(rt, *p[1]);
  const auto before = [&rt](const Value& a, const Value& b) { return compare_keys(rt, a, b) < 0; };
  std::set<Value, decltype(before)> seen(before);
  std::vector<Value> kept;
  for (Value& item : items_of(rt, value)) {
    Value key = folded(rt, follow(rt, item, path), !p.flag(0, false));
    if (!hashable(key)) fail("unhashable type: '" + std::string(type_name(key)) + "'");
    if (seen.insert(std::move(key)).second) kept.push_back(std::move(item));
  }
  return rt.generator(std::move(kept));
}

template <Order better>
Value extreme(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("min or max", args, {"case_sensitive", "attribute"});
  const Path path = p.given(1) == nullptr ? Path{} : parse_path(rt, *p[1]);
  const bool fold = !p.flag(0, false);
  std::optional<Keyed> best;
  for (Value& item : items_of(rt, value)) {
    Value key = folded(rt, follow(rt, item, path), fold);
    if (!best || ordered(rt, better, key, best->key)) best = Keyed{std::move(key), std::move(item)};
  }
  return best ? best->item : undefined("No aggregated item, sequence was empty.");
}

Value sum(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("sum", args, {"attribute", "start"});
  const Path path = p.given(0) == nullptr ? Path{} : parse_path(rt, *p[0]);
  Value total = p[1] == nullptr ? Value(std::int64_t{0}) : *p[1];
  if (total.text() != nullptr) fail("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : items_of(rt, value)) {
    total = binary(rt, Arithmetic::add, total, follow(rt, item, path));
  }
  return total;
}

Value groupby(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("groupby", args, {"attribute", "default", "case_sensitive"}, 1);
  const Path path = parse_path(rt, *p[0]);
  const bool fold = !p.flag(2, false);
  std::vector<Keyed> rows;
  for (Value& item : items_of(rt, value)) {
    rows.push_back({folded(rt, follow(rt, item, path, p.given(1)), fold), std::move(item)});
  }
  std::vector<Value> groups;
  std::vector<Value> current;
  Value current_key;
  const auto finish = [&] {
    if (current.empty()) return;
    Value shown = follow(rt, current.front(), path, p.given(1));
    Value members = rt.list(std::exchange(current, {}));
    groups.push_back(rt.sequence(Sequence::Kind::group, {std::move(shown), std::move(members)}));
  };
  for (Value& item : sorted(rt, std::move(rows), false)) {
    Value key = folded(rt, follow(rt, item, path, p.given(1)), fold);
    if (!current.empty() && !equals(rt, key, current_key)) finish();
    current_key = std::move(key);
    current.push_back(std::move(item));
  }
  finish();
  return rt.list(std::move(groups));
}

constexpr NamedNative kFilters[] = {
    {"groupby", groupby},
    {"map", map},
    {"max", extreme<Order::greater>},
    {"min", extreme<Order::less>},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"sort", sort},
    {"sum", sum},
    {"unique", unique},
};

}  // namespace

Path parse_path(Runtime& rt, const Value& attribute) {
  if (const Text* text = attribute.text()) return path_of(rt, text->bytes);
  return {attribute};
}

std::vector<Path> parse_paths(Runtime& rt, const Value& attribute) {
  const Text* text = attribute.text();
  if (text == nullptr) return {Path{attribute}};
  std::vector<Path> paths;
  for (const std::string_view part : split_on(text->bytes, ',')) paths.push_back(path_of(rt, part));
  return paths;
}

Value follow(Runtime& rt, const Value& item, const Path& path, const Value* otherwise) {
  Value value = item;
  for (const Value& key : path) {
    value = get_item(rt, value, key);
    if (value.is_undefined() && otherwise != nullptr) value = *otherwise;
  }
  return value;
}

Value folded(Runtime& rt, const Value& value, bool fold) {
  const Text* text = value.text();
  return fold && text != nullptr ? rt.text(to_lower(text->bytes), text->markup) : value;
}

std::vector<Value> sorted(Runtime& rt, std::vector<Keyed> rows, bool reverse) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Keyed& a, const Keyed& b) {
    return ordered(rt, Order::less, reverse ? b.key : a.key, reverse ? a.key : b.key);
  });
  std::vector<Value> items;
  items.reserve(rows.size());
  for (Keyed& row : rows) items.push_back(std::move(row.item));
  return items;
}

std::span<const NamedNative> selection_filters() {
  return kFilters;
}

}  // namespace quire::engine::jinja
