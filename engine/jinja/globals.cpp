// Functions that every template sees, set up as transformers does.
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "engine/jinja/native.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"

namespace quire::engine::jinja {
namespace {

/// jinja2's sandbox allows no larger range.
constexpr std::uint64_t kMaxRange = 100'000;

Value range(Runtime& rt, const Value&, const Args& args) {
  const Parameters p("range", args, {"start", "stop", "step"}, 1);
  const bool only_stop = p[1] == nullptr;
  const std::int64_t start = only_stop ? 0 : p.integer(0, 0);
  const std::int64_t stop = p.integer(only_stop ? 0 : 1, 0);
  const std::int64_t step = p.integer(2, 1);
  if (step == 0) fail("range() arg 3 must not be zero");
  const auto distance = step > 0
                            ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
                            : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
  const auto stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0U - static_cast<std::uint64_t>(step);
  const bool empty = step > 0 ? start >= stop : start <= stop;
  const std::uint64_t count = empty ? 0 : (distance - 1) / stride + 1;
  if (count > kMaxRange) {
    fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
  }
  std::vector<Value> items;
  items.reserve(count);
  std::int64_t item = start;
  for (std::uint64_t i = 0; i < count; ++i) {
    items.emplace_back(item);
    if (i + 1 < count) item += step;
  }
  Value made = rt.sequence(Sequence::Kind::range, std::move(items));
  made.sequence()->bounds = {start, stop, step};
  return made;
}

/// The entries of dict(mapping_or_pairs, **named) and of namespace(...).
std::vector<Dict::Entry> entries_of(Runtime& rt, const Args& args, std::string_view function) {
  if (args.positional.size() > 1) {
    fail(std::string(function) + " expected at most 1 argument, got " +
         std::to_string(args.positional.size()));
  }
  std::vector<Dict::Entry> entries;
  if (!args.positional.empty()) {
    if (const Dict* dict = args.positional[0].dict()) {
      entries = dict->entries;
    } else {
      for (const Value& pair : items_of(rt, args.positional[0])) {
        std::vector<Value> parts = items_of(rt, pair);
        if (parts.size() != 2) fail("dictionary update sequence elements must have length 2");
        entries.emplace_back(std::move(parts[0]), std::move(parts[1]));
      }
    }
  }
  for (const auto& [name, value] : args.named) entries.emplace_back(rt.text(name), value);
  return entries;
}

Value dict(Runtime& rt, const Value&, const Args& args) {
  return rt.dict(entries_of(rt, args, "dict"));
}

Value make_namespace(Runtime& rt, const Value&, const Args& args) {
  const Value merged = rt.dict(entries_of(rt, args, "namespace"));
  std::vector<std::pair<std::string, Value>> attributes;
  for (const auto& [key, value] : merged.dict()->entries) {
    attributes.emplace_back(str_of(rt, key), value);
  }
  return rt.make_namespace(std::move(attributes));
}

Value raise_exception(Runtime& rt, const Value&, const Args& args) {
  const Parameters p("raise_exception", args, {"message"}, 1);
  throw RenderError({.kind = TemplateError::Kind::raised, .message = str_of(rt, *p[0])});
}

/// datetime.now().strftime(format): local time, C locale; %f is microseconds, %z and %Z are empty.
Value strftime_now(Runtime& rt, const Value&, const Args& args) {
  constexpr std::size_t kMaxFormat = 1024;
  const Parameters p("strftime_now", args, {"format"}, 1);
  const std::string& format = p.text(0)->bytes;
  if (format.size() > kMaxFormat) fail_limit("strftime_now() takes a format of at most 1024 bytes");
  const auto now = rt.now();
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now));
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(
      now - std::chrono::floor<std::chrono::seconds>(now));
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string expanded;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      expanded += format[i];
      continue;
    }
    const char directive = format[++i];
    if (directive == 'f') {
      std::array<char, 16> digits{};
      std::snprintf(digits.data(), digits.size(), "%06d", static_cast<int>(microseconds.count()));
      expanded += digits.data();
    } else if (directive != 'z' && directive != 'Z') {
      expanded += '%';
      expanded += directive;
    }
  }
  // No directive of the C locale gives more than 32 characters; a leading space tells an empty
  // result from one that did not fit.
  expanded.insert(0, " ");
  std::string shown(expanded.size() * 32, '\0');
  shown.resize(std::strftime(shown.data(), shown.size(), expanded.c_str(), &local));
  return rt.text(shown.empty() ? "" : shown.substr(1));
}

constexpr NamedNative kGlobals[] = {
    {"dict", dict},   {"namespace", make_namespace},  {"raise_exception", raise_exception},
    {"range", range}, {"strftime_now", strftime_now},
};

}  // namespace

Native find_global(std::string_view name) {
  return find_native(kGlobals, name);
}

}  // namespace quire::engine::jinja
