// Filters that give text. Each follows the filter of the same name in jinja2 3.1.
#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/jinja/format.h"
#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/text_methods.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

/// The filter that is a str method on soft_str(value).
template <Native method>
Value as_method(Runtime& rt, const Value& value, const Args& args) {
  return method(rt, Value(soft_text(rt, value)), args);
}

Value center(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("center", args, {"width"});
  return method_center(rt, Value(soft_text(rt, value)),
                       {.positional = {Value(p.integer(0, 80))}, .named = {}});
}

Value escape(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("escape", args, {});
  const Text* text = value.text();
  if (text != nullptr && text->markup) return value;
  return rt.text(escape_html(str_of(rt, value)), true);
}

Value force_escape(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("forceescape", args, {});
  return rt.text(escape_html(str_of(rt, value)), true);
}

Value safe(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("safe", args, {});
  return rt.text(str_of(rt, value), true);
}

Value string(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("string", args, {});
  return soft_text(rt, value);
}

Value format(Runtime& rt, const Value& value, const Args& args) {
  if (!args.positional.empty() && !args.named.empty()) {
    fail("can't handle positional and keyword arguments at the same time");
  }
  const TextRef text = soft_text(rt, value);
  if (args.named.empty()) return format_percent(rt, *text, rt.tuple(args.positional));
  std::vector<Dict::Entry> entries;
  for (const auto& [name, argument] : args.named) entries.emplace_back(rt.text(name), argument);
  return format_percent(rt, *text, rt.dict(std::move(entries)));
}

Value replace(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("replace", args, {"old", "new", "count"}, 2);
  const std::int64_t count = p.given(2) == nullptr ? -1 : int_of(*p[2]);
  return rt.text(replaced(rt, str_of(rt, value), str_of(rt, *p[0]), str_of(rt, *p[1]), count));
}

Value trim(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("trim", args, {"chars"});
  Args strip_args;
  if (p.given(0) != nullptr) strip_args.positional.push_back(*p[0]);
  return method_strip(rt, Value(soft_text(rt, value)), strip_args);
}

Value title(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("title", args, {});
  constexpr std::string_view kBeforeWord = "-({[<";
  const TextRef text = soft_text(rt, value);
  const auto separates = [&](char32_t c) {
    return is_space(c) || (c < 0x80 && kBeforeWord.find(static_cast<char>(c)) != kBeforeWord.npos);
  };
  std::string out;
  const std::string_view bytes = text->bytes;
  for (std::size_t pos = 0; pos < bytes.size();) {
    const std::size_t start = pos;
    std::size_t first_end = 0;
    bool word = false;
    while (pos < bytes.size()) {
      std::size_t next = pos;
      const bool separator = separates(decode(bytes, next));
      if (first_end == 0) {
        word = !separator;
        first_end = next;
      } else if (separator == word) {
        break;
      }
      pos = next;
    }
    out += to_upper(bytes.substr(start, first_end - start));
    out += to_lower(bytes.substr(first_end, pos - first_end));
  }
  return rt.text(std::move(out));
}

Value indent(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("indent", args, {"width", "first", "blank"});
  require_defined(value);
  const Text* text = value.text();
  if (text == nullptr)
    fail("unsupported operand type(s) for +=: '" + std::string(type_name(value)) + "' and 'str'");
  std::string indention;
  if (p[0] != nullptr && p[0]->text() != nullptr) {
    indention = text->markup ? escape_html(p[0]->text()->bytes) : p[0]->text()->bytes;
  } else {
    const auto width = static_cast<std::size_t>(std::max<std::int64_t>(p.integer(0, 4), 0));
    rt.budget.check_text(width);
    indention = std::string(width, ' ');
  }
  const bool blank = p.flag(2, false);
  const std::string ended =
      text->bytes + "\n";  // so that a newline at the end gives a last empty line
  const std::vector<std::string_view> lines = split_lines(rt, ended, false);
  std::string out = p.flag(1, false) ? indention : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      out += "\n";
      if (blank || !lines[i].empty()) out += indention;
    }
    out += lines[i];
    rt.budget.spend();
    rt.budget.check_text(out.size());
  }
  return rt.text(std::move(out), text->markup);
}

Value truncate(Runtime& rt, const Value& value, const Args& args) {
  const Parameters p("truncate", args, {"length", "killwords", "end", "leeway"});
  const auto size = static_cast<std::int64_t>(jinja::length(rt, value));
  const std::int64_t limit = p.integer(0, 255);
  const std::string end = p[2] == nullptr ? "..." : p.text(2)->bytes;
  const std::int64_t leeway = p.given(3) == nullptr ? 5 : int_of(*p[3]);
  const auto end_length = static_cast<std::int64_t>(count_code_points(end));
  if (limit < end_length) {
    fail("expected length >= " + std::to_string(end_length) + ", got " + std::to_string(limit));
  }
  if (leeway < 0) fail("expected leeway >= 0, got " + std::to_string(leeway));
  if (size <= limit || size - limit <= leeway) return value;
  const Text* text = value.text();
  if (text == nullptr) fail("only text can be truncated");
  std::string kept =
      text->bytes.substr(0, byte_offset(text->bytes, static_cast<std::size_t>(limit - end_length)));
  if (!p.flag(1, false)) kept.resize(std::min(kept.rfind(' '), kept.size()));
  return rt.text(kept + end, text->markup);
}

std::string quoted_for_url(std::string_view text, bool query) {
  constexpr std::string_view kUnreserved = "_.-~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || kUnreserved.find(c) != kUnreserved.npos ||
        (c == '/' && !query)) {
      out += c;
    } else if (c == ' ' && query) {
      out += '+';
    } else {
      std::array<char, 4> buffer{};
      std::snprintf(buffer.data(), buffer.size(), "%%%02X", byte);
      out += buffer.data();
    }
  }
  return out;
}

Value urlencode(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("urlencode", args, {});
  if (value.text() != nullptr || (value.dict() == nullptr && value.sequence() == nullptr)) {
    return rt.text(quoted_for_url(str_of(rt, value), false));
  }
  std::string out;
  const auto append = [&](const Value& key, const Value& item) {
    if (!out.empty()) out += '&';
    out += quoted_for_url(str_of(rt, key), true) + "=" + quoted_for_url(str_of(rt, item), true);
    rt.budget.check_text(out.size());
  };
  if (const Dict* dict = value.dict()) {
    for (const auto& [key, item] : dict->entries) append(key, item);
  } else {
    for (const Value& pair : items_of(rt, value)) {
      const std::vector<Value> parts = items_of(rt, pair);
      if (parts.size() != 2) fail("urlencode takes pairs of key and value");
      append(parts[0], parts[1]);
    }
  }
  return rt.text(std::move(out));
}

Value wordcount(Runtime& rt, const Value& value, const Args& args) {
  const Parameters none("wordcount", args, {});
  const TextRef text = soft_text(rt, value);
  rt.budget.spend_bytes(text->bytes.size());
  std::int64_t words = 0;
  bool inside = false;
  for (std::size_t pos = 0; pos < text->bytes.size();) {
    const bool word = is_word(decode(text->bytes, pos));
    words += static_cast<std::int64_t>(word && !inside);
    inside = word;
  }
  return words;
}

constexpr NamedNative kFilters[] = {
    {"capitalize", as_method<method_capitalize>},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"format", format},
    {"indent", indent},
    {"lower", as_method<method_lower>},
    {"replace", replace},
    {"safe", safe},
    {"string", string},
    {"title", title},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", as_method<method_upper>},
    {"urlencode", urlencode},
    {"wordcount", wordcount},
};

}  // namespace

std::span<const NamedNative> text_filters() {
  return kFilters;
}

}  // namespace quire::engine::jinja
