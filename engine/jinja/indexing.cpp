// Lengths, iteration, elements and slices: the container half of operators.h.
#include <algorithm>

#include "engine/jinja/operators.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

using Kind = Sequence::Kind;

bool indexable(const Sequence& s) {
  return s.kind == Kind::list || s.kind == Kind::tuple || s.kind == Kind::group ||
         s.kind == Kind::range;
}

/// The start, stop and step of Python's slice.indices(length).
struct Walk {
  std::int64_t start;
  std::int64_t stop;
  std::int64_t step;
  std::size_t count;
};

Walk resolve(const SliceBounds& bounds, std::size_t length) {
  const auto absent = [](const Value& v) { return v.is_none(); };
  const auto size = static_cast<std::int64_t>(length);
  const auto integer = [](const Value& v) {
    require_defined(v);
    const auto number = number_of(v);
    if (!number || !number->integral) {
      fail("slice indices must be integers or None or have an __index__ method");
    }
    return number->integer;
  };
  const std::int64_t step = absent(bounds.step) ? 1 : integer(bounds.step);
  if (step == 0) fail("slice step cannot be zero");
  const auto clamp = [&](std::int64_t index) {
    if (index < 0) index = index < -size ? -1 : index + size;
    return step > 0 ? std::clamp<std::int64_t>(index, 0, size)
                    : std::clamp<std::int64_t>(index, -1, size - 1);
  };
  Walk walk{
      .start = step > 0 ? 0 : size - 1, .stop = step > 0 ? size : -1, .step = step, .count = 0};
  if (!absent(bounds.start)) walk.start = clamp(integer(bounds.start));
  if (!absent(bounds.stop)) walk.stop = clamp(integer(bounds.stop));
  const std::int64_t distance = step > 0 ? walk.stop - walk.start : walk.start - walk.stop;
  if (distance > 0) {
    const auto stride =
        step > 0 ? static_cast<std::uint64_t>(step) : 0U - static_cast<std::uint64_t>(step);
    walk.count = static_cast<std::size_t>((static_cast<std::uint64_t>(distance) - 1) / stride + 1);
  }
  return walk;
}

std::int64_t position(const Walk& walk, std::size_t i) {
  return walk.start + static_cast<std::int64_t>(i) * walk.step;
}

Value slice_text(Runtime& rt, const Text& text, const SliceBounds& bounds) {
  const Walk walk = resolve(bounds, text.length);
  if (walk.count == 0) return rt.text("", text.markup);
  if (walk.step == 1) {
    const auto start = static_cast<std::size_t>(walk.start);
    return substring(rt, text, start, start + walk.count);
  }
  rt.budget.spend_bytes(text.bytes.size());
  std::string out;
  const std::u32string letters = decode_all(text.bytes);
  for (std::size_t i = 0; i < walk.count; ++i) {
    encode(letters[static_cast<std::size_t>(position(walk, i))], out);
  }
  return rt.text(std::move(out), text.markup);
}

Value slice_sequence(Runtime& rt, const Sequence& sequence, const SliceBounds& bounds) {
  const Walk walk = resolve(bounds, sequence.items.size());
  rt.budget.spend(walk.count);
  std::vector<Value> items;
  items.reserve(walk.count);
  for (std::size_t i = 0; i < walk.count; ++i) {
    items.push_back(sequence.items[static_cast<std::size_t>(position(walk, i))]);
  }
  Value made =
      rt.sequence(sequence.kind == Kind::group ? Kind::tuple : sequence.kind, std::move(items));
  if (sequence.kind == Kind::range) {
    const auto at = [&](std::int64_t index) {
      return sequence.bounds[0] + index * sequence.bounds[2];
    };
    made.sequence()->bounds = {at(walk.start), at(walk.stop), sequence.bounds[2] * walk.step};
  }
  return made;
}

std::optional<std::size_t> index_of(const Value& key, std::size_t length) {
  const auto number = number_of(key);
  if (!number || !number->integral) return std::nullopt;
  const auto size = static_cast<std::int64_t>(length);
  const std::int64_t index = number->integer < 0 ? number->integer + size : number->integer;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<std::size_t>(index);
}

}  // namespace

std::size_t length(Runtime& rt, const Value& value) {
  rt.budget.spend();
  if (const Text* text = value.text()) return text->length;
  if (const Dict* dict = value.dict()) return dict->entries.size();
  if (value.is_undefined()) return 0;
  if (const LoopRef* loop = value.get_if<LoopRef>()) return (*loop)->items.size();
  const Sequence* sequence = value.sequence();
  if (sequence == nullptr || sequence->kind == Kind::generator) {
    fail("object of type '" + std::string(type_name(value)) + "' has no len()");
  }
  return sequence->items.size();
}

std::vector<Value> items_of(Runtime& rt, const Value& value) {
  std::vector<Value> items;
  if (Sequence* sequence = value.sequence()) {
    rt.budget.spend(1 + sequence->items.size());
    if (sequence->kind != Kind::generator) return sequence->items;
    items.assign(sequence->items.begin() + static_cast<std::ptrdiff_t>(sequence->cursor),
                 sequence->items.end());
    sequence->cursor = sequence->items.size();
    return items;
  }
  if (const Dict* dict = value.dict()) {
    rt.budget.spend(1 + dict->entries.size());
    for (const Dict::Entry& entry : dict->entries) items.push_back(entry.first);
    return items;
  }
  if (const Text* text = value.text()) {
    rt.budget.spend(text->length);
    for (std::size_t pos = 0; pos < text->bytes.size();) {
      const std::size_t start = pos;
      decode(text->bytes, pos);
      items.push_back(rt.text(text->bytes.substr(start, pos - start), text->markup));
    }
    return items;
  }
  if (value.is_undefined()) return items;
  fail("'" + std::string(type_name(value)) + "' object is not iterable");
}

Value substring(Runtime& rt, const Text& text, std::size_t start, std::size_t end) {
  if (text.ascii()) return rt.text(text.bytes.substr(start, end - start), text.markup);
  rt.budget.spend_bytes(text.bytes.size());
  const std::size_t first = byte_offset(text.bytes, start);
  const std::size_t size = byte_offset(std::string_view(text.bytes).substr(first), end - start);
  return rt.text(text.bytes.substr(first, size), text.markup);
}

std::optional<Value> element(Runtime& rt, const Value& subject, const Value& key) {
  rt.budget.spend();
  if (const Dict* dict = subject.dict()) {
    const Value* found = find(rt, *dict, key);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (const Text* text = subject.text()) {
    const auto index = index_of(key, text->length);
    return index ? std::optional<Value>(substring(rt, *text, *index, *index + 1)) : std::nullopt;
  }
  const Sequence* sequence = subject.sequence();
  if (sequence == nullptr || !indexable(*sequence)) return std::nullopt;
  const auto index = index_of(key, sequence->items.size());
  return index ? std::optional<Value>(sequence->items[*index]) : std::nullopt;
}

Value slice(Runtime& rt, const Value& subject, const SliceBounds& bounds) {
  rt.budget.spend();
  require_defined(subject);
  if (const Text* text = subject.text()) return slice_text(rt, *text, bounds);
  const Sequence* sequence = subject.sequence();
  if (sequence != nullptr && indexable(*sequence)) return slice_sequence(rt, *sequence, bounds);
  if (subject.dict() != nullptr) fail("unhashable type: 'slice'");
  fail("'" + std::string(type_name(subject)) + "' object is not subscriptable");
}

}  // namespace quire::engine::jinja
