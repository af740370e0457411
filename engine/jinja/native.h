// Tables of what is built in: filters, tests, methods and global functions, and how they read their
// arguments.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "engine/jinja/value.h"

namespace quire::engine::jinja {

struct NamedNative {
  std::string_view name;
  Native function;
};

/// nullptr when there is none of that name.
Native find_filter(std::string_view name);
Native find_test(std::string_view name);
Native find_global(std::string_view name);

/// Filters and tests that are called by name at run time (map, select ...).
Value call_filter(Runtime& rt, std::string_view name, const Value& value, const Args& args);
bool call_test(Runtime& rt, std::string_view name, const Value& value, const Args& args);

/// subject.name and subject[key] as jinja's sandbox resolves them: attributes before items for the
/// first, items before attributes for the second; undefined when there is neither.
Value get_attribute(Runtime& rt, const Value& subject, std::string_view name);
Value get_item(Runtime& rt, const Value& subject, const Value& key);

// The parts of the tables, by file.
std::span<const NamedNative> text_filters();
std::span<const NamedNative> sequence_filters();
std::span<const NamedNative> selection_filters();
std::span<const NamedNative> number_filters();
std::span<const NamedNative> text_methods();
std::span<const NamedNative> text_splitting_methods();

/// Linear in the table.
Native find_native(std::span<const NamedNative> table, std::string_view name);

/// Arguments by parameter name; nullptr where none was given.
class Parameters {
 public:
  /// Binds like a Python call of `function(names...)` whose first `required` parameters have no
  /// default. Fails on missing, surplus and unknown arguments. An empty name
  /// takes its argument by position only. REQUIRES: at most 6 names.
  Parameters(std::string_view function, const Args& args,
             std::initializer_list<std::string_view> names, std::size_t required = 0);

  const Value* operator[](std::size_t i) const { return values_[i]; }
  /// The argument, unless it is missing or None.
  const Value* given(std::size_t i) const {
    return values_[i] == nullptr || values_[i]->is_none() ? nullptr : values_[i];
  }
  bool flag(std::size_t i, bool otherwise) const;
  std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
  /// Fails unless the argument is text.
  const Text* text(std::size_t i) const;

 private:
  std::string_view function_;
  std::array<const Value*, 6> values_{};
};

}  // namespace quire::engine::jinja
