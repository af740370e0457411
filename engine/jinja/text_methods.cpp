#include "engine/jinja/text_methods.h"

#include <algorithm>

#include "engine/jinja/format.h"
#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/search.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

const Text& self_text(const Value& self) {
  return *self.text();
}

template <auto map>
Value mapped(Runtime& rt, const Value& self, const Args& args) {
  const Parameters none("str method", args, {});
  const Text& text = self_text(self);
  rt.budget.spend_bytes(text.bytes.size());
  return rt.text(map(text.bytes), text.markup);
}

enum class Side : std::uint8_t { left, right, both };

template <Side side>
Value strip(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("strip", args, {""});
  const Text& text = self_text(self);
  std::string_view kept = text.bytes;
  const auto apply = [&](auto predicate) {
    if (side != Side::right) kept = strip_left(kept, predicate);
    if (side != Side::left) kept = strip_right(kept, predicate);
  };
  if (p.given(0) == nullptr) {
    apply(is_space);
  } else {
    std::u32string chars = decode_all(p.text(0)->bytes);
    std::sort(chars.begin(), chars.end());
    apply([&](char32_t c) { return std::binary_search(chars.begin(), chars.end(), c); });
  }
  if (kept.size() == text.bytes.size()) return self;
  return rt.text(std::string(kept), text.markup);
}

/// The part of a text that start and end arguments select, in bytes.
struct Window {
  std::string_view bytes;
  std::size_t start = 0;  // of the window, in code points
  bool valid = true;      // start is not behind the end
};

Window window_of(Runtime& rt, const Text& text, const Parameters& p) {
  if (p.given(1) == nullptr && p.given(2) == nullptr) return {.bytes = text.bytes};
  rt.budget.spend_bytes(text.bytes.size());
  const auto size = static_cast<std::int64_t>(text.length);
  const auto clamp = [&](std::int64_t index) {
    if (index < 0) index = index < -size ? 0 : index + size;
    return index;
  };
  const std::int64_t start = p.given(1) == nullptr ? 0 : clamp(int_of(*p[1]));
  const std::int64_t end = p.given(2) == nullptr ? size : std::min(clamp(int_of(*p[2])), size);
  if (start > end) return {.bytes = {}, .start = 0, .valid = false};
  const std::size_t first = byte_offset(text.bytes, static_cast<std::size_t>(start));
  const std::size_t last = byte_offset(text.bytes, static_cast<std::size_t>(end));
  return {.bytes = std::string_view(text.bytes).substr(first, last - first),
          .start = static_cast<std::size_t>(start)};
}

template <bool prefix>
Value starts_or_ends(Runtime& rt, const Value& self, const Args& args) {
  const std::string name = prefix ? "startswith" : "endswith";
  const Parameters p(name, args, {"", "", ""}, 1);
  const Window window = window_of(rt, self_text(self), p);
  const auto matches = [&](const Value& affix) {
    const Text* text = affix.text();
    if (text == nullptr) {
      require_defined(affix);
      fail(name + " first arg must be str or a tuple of str, not " + std::string(type_name(affix)));
    }
    return window.valid &&
           (prefix ? window.bytes.starts_with(text->bytes) : window.bytes.ends_with(text->bytes));
  };
  const Sequence* several = p[0]->sequence();
  if (several == nullptr || several->kind != Sequence::Kind::tuple) return matches(*p[0]);
  rt.budget.spend(several->items.size());
  return std::any_of(several->items.begin(), several->items.end(), matches);
}

/// Index of the first or last occurrence in code points, or nothing.
template <bool last>
std::optional<std::int64_t> find_index(Runtime& rt, const Value& self, const Parameters& p) {
  const Text& text = self_text(self);
  const Window window = window_of(rt, text, p);
  const std::string& needle = p.text(0)->bytes;
  rt.budget.spend_bytes(window.bytes.size());
  const std::size_t found = !window.valid ? window.bytes.npos
                            : last ? find_last_text(window.bytes, needle, window.bytes.size())
                                   : find_text(window.bytes, needle, 0);
  if (found == window.bytes.npos) return std::nullopt;
  return static_cast<std::int64_t>(window.start + count_code_points(window.bytes.substr(0, found)));
}

template <bool last>
Value find_or_minus_one(Runtime& rt, const Value& self, const Args& args) {
  return find_index<last>(rt, self, Parameters("find", args, {"", "", ""}, 1)).value_or(-1);
}

template <bool last>
Value find_or_fail(Runtime& rt, const Value& self, const Args& args) {
  const auto found = find_index<last>(rt, self, Parameters("index", args, {"", "", ""}, 1));
  if (!found) fail("substring not found");
  return *found;
}

Value count(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("count", args, {"", "", ""}, 1);
  const Window window = window_of(rt, self_text(self), p);
  const std::string& needle = p.text(0)->bytes;
  rt.budget.spend_bytes(window.bytes.size());
  if (!window.valid) return std::int64_t{0};
  if (needle.empty()) return static_cast<std::int64_t>(count_code_points(window.bytes)) + 1;
  std::int64_t found = 0;
  std::size_t pos = 0;
  while ((pos = find_text(window.bytes, needle, pos)) != window.bytes.npos) {
    rt.budget.spend();
    pos += needle.size();
    ++found;
  }
  return found;
}

Value replace(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("replace", args, {"", "", ""}, 2);
  const Text& text = self_text(self);
  const Text* replacement = p.text(1);
  // MarkupSafe escapes what comes into markup.
  const std::string inserted =
      text.markup && !replacement->markup ? escape_html(replacement->bytes) : replacement->bytes;
  return rt.text(replaced(rt, text.bytes, p.text(0)->bytes, inserted, p.integer(2, -1)),
                 text.markup);
}

Value pad(Runtime& rt, const Value& self, const Args& args, Side text_side) {
  const Parameters p("pad", args, {"", ""}, 1);
  const Text& text = self_text(self);
  const Text* fill = p.text(1);
  if (fill != nullptr && fill->length != 1)
    fail("The fill character must be exactly one character long");
  const std::int64_t width = p.integer(0, 0);
  const auto size = static_cast<std::int64_t>(text.length);
  if (width <= size) return self;
  rt.budget.check_text(static_cast<std::size_t>(width));
  const std::int64_t margin = width - size;
  std::int64_t left = 0;
  if (text_side == Side::right) left = margin;
  if (text_side == Side::both) left = margin / 2 + (margin & width & 1);
  std::string out;
  const auto append_fill = [&](std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) out += fill == nullptr ? " " : fill->bytes;
  };
  append_fill(left);
  out += text.bytes;
  append_fill(margin - left);
  return rt.text(std::move(out), text.markup);
}

Value ljust(Runtime& rt, const Value& self, const Args& args) {
  return pad(rt, self, args, Side::left);
}
Value rjust(Runtime& rt, const Value& self, const Args& args) {
  return pad(rt, self, args, Side::right);
}

Value zfill(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("zfill", args, {""}, 1);
  const Text& text = self_text(self);
  const std::int64_t missing = p.integer(0, 0) - static_cast<std::int64_t>(text.length);
  if (missing <= 0) return self;
  rt.budget.check_text(static_cast<std::size_t>(missing));
  const std::size_t sign =
      !text.bytes.empty() && (text.bytes[0] == '-' || text.bytes[0] == '+') ? 1 : 0;
  std::string out = text.bytes;
  out.insert(sign, static_cast<std::size_t>(missing), '0');
  return rt.text(std::move(out), text.markup);
}

template <bool prefix>
Value remove_affix(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p(prefix ? "removeprefix" : "removesuffix", args, {""}, 1);
  const Text& text = self_text(self);
  const std::string_view affix = p.text(0)->bytes;
  std::string_view bytes = text.bytes;
  if (prefix ? !bytes.starts_with(affix) : !bytes.ends_with(affix)) return self;
  if (prefix) bytes.remove_prefix(affix.size());
  if (!prefix) bytes.remove_suffix(affix.size());
  return rt.text(std::string(bytes), text.markup);
}

Value join(Runtime& rt, const Value& self, const Args& args) {
  const Parameters p("join", args, {""}, 1);
  const Text& separator = self_text(self);
  std::string out;
  std::size_t index = 0;
  for (const Value& item : items_of(rt, *p[0])) {
    const Text* text = item.text();
    if (text == nullptr && !separator.markup) {
      fail("sequence item " + std::to_string(index) + ": expected str instance, " +
           std::string(type_name(item)) + " found");
    }
    if (index++ > 0) out += separator.bytes;
    const std::string shown = text == nullptr ? str_of(rt, item) : text->bytes;
    out += separator.markup && !(text != nullptr && text->markup) ? escape_html(shown) : shown;
    rt.budget.check_text(out.size());
  }
  return rt.text(std::move(out), separator.markup);
}

Value format(Runtime& rt, const Value& self, const Args& args) {
  return format_braces(rt, self_text(self), args);
}

constexpr NamedNative kMethods[] = {
    {"capitalize", method_capitalize},
    {"casefold", mapped<to_casefold>},
    {"center", method_center},
    {"count", count},
    {"endswith", starts_or_ends<false>},
    {"find", find_or_minus_one<false>},
    {"format", format},
    {"index", find_or_fail<false>},
    {"join", join},
    {"ljust", ljust},
    {"lower", method_lower},
    {"lstrip", strip<Side::left>},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"replace", replace},
    {"rfind", find_or_minus_one<true>},
    {"rindex", find_or_fail<true>},
    {"rjust", rjust},
    {"rstrip", strip<Side::right>},
    {"startswith", starts_or_ends<true>},
    {"strip", method_strip},
    {"swapcase", mapped<to_swapped>},
    {"title", mapped<to_title>},
    {"upper", method_upper},
    {"zfill", zfill},
};

}  // namespace

Value method_capitalize(Runtime& rt, const Value& self, const Args& args) {
  return mapped<to_capitalized>(rt, self, args);
}
Value method_lower(Runtime& rt, const Value& self, const Args& args) {
  return mapped<to_lower>(rt, self, args);
}
Value method_upper(Runtime& rt, const Value& self, const Args& args) {
  return mapped<to_upper>(rt, self, args);
}
Value method_strip(Runtime& rt, const Value& self, const Args& args) {
  return strip<Side::both>(rt, self, args);
}
Value method_center(Runtime& rt, const Value& self, const Args& args) {
  return pad(rt, self, args, Side::both);
}

std::string replaced(Runtime& rt, const std::string& text, std::string_view old_text,
                     std::string_view new_text, std::int64_t count) {
  rt.budget.spend_bytes(text.size());
  std::string out;
  std::size_t pos = 0;
  for (; count != 0; --count) {
    rt.budget.spend();
    std::size_t found = find_text(text, old_text, pos);
    if (found == std::string::npos) break;
    if (old_text.empty()) {  // before every character and at the end
      out += new_text;
      if (pos >= text.size()) return out;
      found = pos;
      decode(text, pos);
      out.append(text, found, pos - found);
    } else {
      out.append(text, pos, found - pos);
      out += new_text;
      pos = found + old_text.size();
    }
    rt.budget.check_text(out.size());
  }
  return out.append(text, pos);
}

std::span<const NamedNative> text_methods() {
  return kMethods;
}

}  // namespace quire::engine::jinja
