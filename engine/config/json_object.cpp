#include "engine/config/json_object.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace quire::engine {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxShownValue = 80;
// No published config nests deeper than four levels.
constexpr int kMaxDepth = 64;

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kMaxShownValue) text = text.substr(0, kMaxShownValue) + "...";
  return text;
}

std::optional<std::int64_t> as_integer(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (std::nearbyint(number) != number || std::abs(number) > 0x1p53) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::string expected_text(IntRange range) {
  return "is not an integer from " + std::to_string(range.min) + " to " + std::to_string(range.max);
}

std::optional<std::int32_t> in_range(const Json& value, IntRange range) {
  const auto number = as_integer(value);
  if (!number || *number < range.min || *number > range.max) return std::nullopt;
  return static_cast<std::int32_t>(*number);
}

}  // namespace

JsonObject::JsonObject(std::shared_ptr<const Json> root, const Json* object, std::string label,
                       std::string path)
    : root_(std::move(root)), object_(object), label_(std::move(label)), path_(std::move(path)) {}

JsonObject JsonObject::from_file(const ModelFiles& files, std::string_view name) {
  return from_text(files.text(name), files.origin() + "/" + std::string(name));
}

JsonObject JsonObject::from_text(std::string_view text, const std::string& label) {
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) throw LoadError(label + ": nests too deeply");
    return true;
  };
  std::shared_ptr<const Json> root;
  try {
    root = std::make_shared<const Json>(Json::parse(text.begin(), text.end(), bounded));
  } catch (const Json::parse_error& error) {
    throw LoadError(label + ": is not valid JSON at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    throw LoadError(label + ": holds a number out of range");
  }
  if (!root->is_object()) throw LoadError(label + ": is not a JSON object");
  const Json* object = root.get();
  return {std::move(root), object, label, ""};
}

const Json* JsonObject::value(std::string_view key) const {
  const auto found = object_->find(std::string(key));
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::vector<std::string> JsonObject::keys() const {
  std::vector<std::string> keys;
  for (const auto& entry : object_->items()) keys.push_back(entry.key());
  return keys;
}

std::optional<std::int32_t> JsonObject::integer(std::string_view key, IntRange range) const {
  const Json* found = value(key);
  if (found == nullptr) return std::nullopt;
  const auto number = in_range(*found, range);
  if (!number) refuse(key, expected_text(range));
  return number;
}

std::int32_t JsonObject::required_integer(std::string_view key, IntRange range) const {
  const auto number = integer(key, range);
  if (!number) throw LoadError(label_ + ": lacks " + path_ + std::string(key));
  return *number;
}

std::optional<double> JsonObject::number(std::string_view key) const {
  const Json* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number() || !std::isfinite(found->get<double>())) {
    refuse(key, "is not a finite number");
  }
  return found->get<double>();
}

std::optional<bool> JsonObject::boolean(std::string_view key) const {
  const Json* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_boolean()) refuse(key, "is not true or false");
  return found->get<bool>();
}

std::optional<std::string> JsonObject::text(std::string_view key) const {
  const Json* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) refuse(key, "is not a string");
  return found->get<std::string>();
}

std::string JsonObject::required_text(std::string_view key) const {
  auto found = text(key);
  if (!found) throw LoadError(label_ + ": lacks " + path_ + std::string(key));
  return *std::move(found);
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
  const Json* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_object()) refuse(key, "is not an object");
  return JsonObject(root_, found, label_, path_ + std::string(key) + ".");
}

JsonObject JsonObject::required_object(std::string_view key) const {
  auto found = object(key);
  if (!found) throw LoadError(label_ + ": lacks " + path_ + std::string(key));
  return *std::move(found);
}

std::optional<std::vector<std::string>> JsonObject::texts(std::string_view key) const {
  const Json* found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_array()) refuse(key, "is not a list of strings");
  std::vector<std::string> texts;
  for (const Json& element : *found) {
    if (!element.is_string()) refuse(key, "is not a list of strings");
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::vector<std::int32_t> JsonObject::integers(std::string_view key, IntRange range) const {
  const Json* found = value(key);
  if (found == nullptr) return {};
  std::vector<std::int32_t> numbers;
  const auto add = [&](const Json& element) {
    const auto number = in_range(element, range);
    if (!number) refuse(key, expected_text(range));
    numbers.push_back(*number);
  };
  if (!found->is_array()) {
    add(*found);
  } else {
    for (const Json& element : *found) add(element);
  }
  return numbers;
}

void JsonObject::refuse(std::string_view key, const std::string& problem) const {
  const Json* found = value(key);
  throw LoadError(label_ + ": " + path_ + std::string(key) + " = " +
                  (found == nullptr ? std::string("null") : shown(*found)) + " " + problem);
}

}  // namespace quire::engine
