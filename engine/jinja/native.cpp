#include "engine/jinja/native.h"

#include <algorithm>

#include "engine/jinja/operators.h"

namespace quire::engine::jinja {

Native find_native(std::span<const NamedNative> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [name](const NamedNative& entry) { return entry.name == name; });
  return found == table.end() ? nullptr : found->function;
}

Native find_filter(std::string_view name) {
  for (const auto table :
       {text_filters(), sequence_filters(), selection_filters(), number_filters()}) {
    if (const Native found = find_native(table, name)) return found;
  }
  return nullptr;
}

Value call_filter(Runtime& rt, std::string_view name, const Value& value, const Args& args) {
  const Native filter = find_filter(name);
  if (filter == nullptr) fail("No filter named '" + std::string(name) + "' found.");
  const Budget::Level level(rt.budget);
  rt.budget.spend();
  return filter(rt, value, args);
}

bool call_test(Runtime& rt, std::string_view name, const Value& value, const Args& args) {
  const Native test = find_test(name);
  if (test == nullptr) fail("No test named '" + std::string(name) + "' found.");
  const Budget::Level level(rt.budget);
  rt.budget.spend();
  return truthy(test(rt, value, args));
}

Parameters::Parameters(std::string_view function, const Args& args,
                       std::initializer_list<std::string_view> names, std::size_t required)
    : function_(function) {
  const std::string called = std::string(function) + "()";
  if (args.positional.size() > names.size()) {
    fail(called + " takes at most " + std::to_string(names.size()) + " arguments (" +
         std::to_string(args.positional.size()) + " given)");
  }
  for (std::size_t i = 0; i < args.positional.size(); ++i) values_[i] = &args.positional[i];
  for (const auto& [name, value] : args.named) {
    const auto place = std::find(names.begin(), names.end(), name);
    if (name.empty() || place == names.end())
      fail(called + " got an unexpected keyword argument '" + name + "'");
    const auto i = static_cast<std::size_t>(place - names.begin());
    if (values_[i] != nullptr) fail(called + " got multiple values for argument '" + name + "'");
    values_[i] = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) {
      fail(called + " takes at least " + std::to_string(required) + " arguments (" +
           std::to_string(i) + " given)");
    }
  }
}

bool Parameters::flag(std::size_t i, bool otherwise) const {
  return values_[i] == nullptr ? otherwise : truthy(*values_[i]);
}

std::int64_t Parameters::integer(std::size_t i, std::int64_t otherwise) const {
  return values_[i] == nullptr ? otherwise : int_of(*values_[i]);
}

const Text* Parameters::text(std::size_t i) const {
  if (values_[i] == nullptr) return nullptr;
  require_defined(*values_[i]);
  const Text* text = values_[i]->text();
  if (text == nullptr) {
    fail(std::string(function_) + "() argument " + std::to_string(i + 1) + " must be str, not " +
         std::string(type_name(*values_[i])));
  }
  return text;
}

}  // namespace quire::engine::jinja
