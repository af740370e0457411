// Filters on sequences and dicts as wholes. Each follows the filter of the same name in jinja2 3.1;
// lazy ones give generators whose items are computed at once.
#include <algorithm>

#include "engine/jinja/json.h"
#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/paths.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

using Kind = Sequence::Kind;

std::size_t positive(std::int64_t count, std::string_view what) {
  if (count <= 0) fail(std::string(what) + " must be positive");
  return static_cast<std::size_t>(count);
}

Value batch(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("batch", args, {"linecount", "fill_with"}, 1);
  const std::size_t line = positive(p.integer(0, 1), "linecount");
  std::vector<Value> lines;
  std::vector<Value> current;
  for (Value& item : items_of(rt, value)) {
    if (current.size() == line) lines.push_back(rt.list(std::exchange(current, {})));
    current.push_back(std::move(item));
  }
  if (!current.empty()) {
    if (p.given(1) != nullptr) {
      rt.budget.spend(std::min(line, rt.budget.limits().steps + 1));
      current.resize(std::max(line, current.size()), *p[1]);
    }
    lines.push_back(rt.list(std::move(current)));
  }
  return rt.generator(std::move(lines));
}

Value slice(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("slice", args, {"slices", "fill_with"}, 1);
  const std::vector<Value> items = items_of(rt, value);
  const std::size_t slices = positive(p.integer(0, 1), "slices");
  rt.budget.spend(std::min(slices, rt.budget.limits().steps + 1));
  const std::size_t each = items.size() / slices;
  const std::size_t larger = items.size() % slices;
  std::vector<Value> made;
  auto next = items.begin();
  for (std::size_t i = 0; i < slices; ++i) {
    const auto end = next + static_cast<std::ptrdiff_t>(each + (i < larger ? 1 : 0));
    std::vector<Value> part(next, end);
    next = end;
    if (p.given(1) != nullptr && i >= larger) part.push_back(*p[1]);
    made.push_back(rt.list(std::move(part)));
  }
  return rt.generator(std::move(made));
}

Value first(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("first", args, {});
  Sequence* sequence = value.sequence();
  if (sequence != nullptr && sequence->kind == Kind::generator) {
    if (sequence->cursor < sequence->items.size()) return sequence->items[sequence->cursor++];
  } else if (sequence != nullptr) {
    if (!sequence->items.empty()) return sequence->items.front();
  } else if (const Text* text = value.text()) {
    if (text->length > 0) return substring(rt, *text, 0, 1);
  } else {
    const std::vector<Value> items = items_of(rt, value);
    if (!items.empty()) return items.front();
  }
  return undefined("No first item, sequence was empty.");
}

Value last(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("last", args, {});
  const Sequence* sequence = value.sequence();
  if (sequence != nullptr && sequence->kind == Kind::generator)
    fail("'generator' object is not reversible");
  if (sequence != nullptr && !sequence->items.empty()) return sequence->items.back();
  if (const Text* text = value.text(); text != nullptr && text->length > 0) {
    return substring(rt, *text, text->length - 1, text->length);
  }
  if (value.dict() != nullptr && !value.dict()->entries.empty())
    return value.dict()->entries.back().first;
  if (sequence == nullptr && value.text() == nullptr && value.dict() == nullptr &&
      !value.is_undefined()) {
    fail("'" + std::string(type_name(value)) + "' object is not reversible");
  }
  return undefined("No last item, sequence was empty.");
}

Value count(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("length", args, {});
  return static_cast<std::int64_t>(length(rt, value));
}

Value list(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("list", args, {});
  return rt.list(items_of(rt, value));
}

Value reverse(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("reverse", args, {});
  if (const Text* text = value.text()) {
    std::u32string letters = decode_all(text->bytes);
    std::reverse(letters.begin(), letters.end());
    return rt.text(encode_all(letters), text->markup);
  }
  std::vector<Value> items = items_of(rt, value);
  std::reverse(items.begin(), items.end());
  return rt.generator(std::move(items));
}

Value items(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("items", args, {});
  std::vector<Value> pairs;
  if (!value.is_undefined()) {
    const Dict* dict = value.dict();
    if (dict == nullptr) fail("Can only get item pairs from a mapping.");
    for (const auto& [key, item] : dict->entries) pairs.push_back(rt.tuple({key, item}));
  }
  return rt.generator(std::move(pairs));
}

Value dictsort(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("dictsort", args, {"case_sensitive", "by", "reverse"});
  const std::string by = p[1] == nullptr ? "key" : p.text(1)->bytes;
  if (by != "key" && by != "value") fail("You can only sort by either \"key\" or \"value\"");
  require_defined(value);
  const Dict* dict = value.dict();
  if (dict == nullptr)
    fail("'" + std::string(type_name(value)) + "' object has no attribute 'items'");
  std::vector<Keyed> rows;
  const bool fold = !p.flag(0, false);
  for (const auto& [key, item] : dict->entries) {
    rows.push_back({folded(rt, by == "key" ? key : item, fold), rt.tuple({key, item})});
  }
  return rt.list(sorted(rt, std::move(rows), p.flag(2, false)));
}

Value join(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("join", args, {"d", "attribute"});
  const std::string separator = p[0] == nullptr ? "" : str_of(rt, *p[0]);
  const Path path = p.given(1) == nullptr ? Path{} : parse_path(rt, *p[1]);
  std::string out;
  bool later = false;
  for (const Value& item : items_of(rt, value)) {
    if (std::exchange(later, true)) out += separator;
    out += str_of(rt, follow(rt, item, path));
    rt.budget.check_text(out.size());
  }
  return rt.text(std::move(out));
}

Value default_value(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("default", args, {"default_value", "boolean"});
  if (!value.is_undefined() && !(p.flag(1, false) && !truthy(value))) return value;
  return p[0] == nullptr ? rt.text("") : *p[0];
}

Value tojson(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("tojson", args, {"ensure_ascii", "indent", "separators", "sort_keys"});
  DumpStyle style{.ensure_ascii = p.flag(0, false), .indent = {}, .sort_keys = p.flag(3, false)};
  if (const Value* indent = p.given(1)) {
    if (indent->text() != nullptr) {
      style.indent = indent->text()->bytes;
    } else {
      const auto width = static_cast<std::size_t>(std::max<std::int64_t>(int_of(*indent), 0));
      rt.budget.check_text(width);
      style.indent = std::string(width, ' ');
    }
    style.item_separator = ",";
  }
  if (const Value* separators = p.given(2)) {
    const std::vector<Value> both = items_of(rt, *separators);
    if (both.size() != 2 || both[0].text() == nullptr || both[1].text() == nullptr) {
      fail("separators must be a pair of texts");
    }
    style.item_separator = both[0].text()->bytes;
    style.key_separator = both[1].text()->bytes;
  }
  return rt.text(to_json(rt, value, style));
}

constexpr NamedNative kFilters[] = {
    {"batch", batch},       {"count", count},   {"d", default_value}, {"default", default_value},
    {"dictsort", dictsort}, {"first", first},   {"items", items},     {"join", join},
    {"last", last},         {"length", count},  {"list", list},       {"reverse", reverse},
    {"slice", slice},       {"tojson", tojson},
};

}  // namespace

std::span<const NamedNative> sequence_filters() {
  return kFilters;
}

}  // namespace quire::engine::jinja
