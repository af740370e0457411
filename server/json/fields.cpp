#include "server/json/fields.h"

#include <cmath>

namespace quire::server {
namespace {

std::string figure(double value) {
  return to_text(value == std::trunc(value) && std::abs(value) < 1e15
                     ? Json(static_cast<std::int64_t>(value))
                     : Json(value));
}

std::string range(double low, double high, double got) {
  return "must be between " + figure(low) + " and " + figure(high) + ", got " + figure(got);
}

}  // namespace

FieldReader::FieldReader(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object.is_object()) {
    error_ = ApiError{
        ErrorKind::invalid_type,
        (path_.empty() ? "the body" : path_) + " must be an object, got " + type_name_of(object),
        path_,
        {}};
  } else if (object.size() > kMaxFields) {
    error_ = ApiError{ErrorKind::invalid_value,
                      (path_.empty() ? "the body" : path_) + " has more than " +
                          std::to_string(kMaxFields) + " fields",
                      path_,
                      {}};
  } else {
    taken_.resize(object.size());
  }
}

std::string FieldReader::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const Json* FieldReader::take(std::string_view name) {
  if (taken_.empty()) return nullptr;
  std::size_t index = 0;
  for (const auto& [key, value] : object_.get_ref<const Json::object_t&>()) {
    if (key == name) {
      taken_[index] = true;
      return value.is_null() ? nullptr : &value;
    }
    ++index;
  }
  return nullptr;
}

const Json* FieldReader::take_typed(std::string_view name, bool (Json::*is)() const noexcept,
                                    std::string_view type) {
  const Json* value = take(name);
  if (value == nullptr || (value->*is)()) return value;
  fail(ErrorKind::invalid_type, name,
       "must be " + std::string(type) + ", got " + type_name_of(*value));
  return nullptr;
}

bool FieldReader::boolean(std::string_view name, bool otherwise) {
  const Json* value = take_typed(name, &Json::is_boolean, "a boolean");
  return value == nullptr ? otherwise : value->get<bool>();
}

std::optional<double> FieldReader::number(std::string_view name, double low, double high) {
  const Json* value = take_typed(name, &Json::is_number, "a number");
  if (value == nullptr) return std::nullopt;
  const auto number = value->get<double>();
  if (number >= low && number <= high) return number;
  fail(ErrorKind::invalid_value, name, range(low, high, number));
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::integer(std::string_view name, std::int64_t low,
                                                 std::int64_t high) {
  const Json* value = take_typed(name, &Json::is_number, "an integer");
  if (value == nullptr) return std::nullopt;
  const auto real = value->get<double>();
  if (value->is_number_float() && real != std::trunc(real)) {
    fail(ErrorKind::invalid_type, name, "must be an integer, got " + to_text(*value));
    return std::nullopt;
  }
  const bool beyond = value->is_number_unsigned()
                          ? value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)
                          : std::abs(real) > 9.2e18;
  const std::int64_t integer = beyond                     ? 0
                               : value->is_number_float() ? static_cast<std::int64_t>(real)
                                                          : value->get<std::int64_t>();
  if (!beyond && integer >= low && integer <= high) return integer;
  fail(ErrorKind::invalid_value, name,
       "must be between " + std::to_string(low) + " and " + std::to_string(high) + ", got " +
           to_text(*value));
  return std::nullopt;
}

std::optional<std::string> FieldReader::text(std::string_view name, std::size_t max_bytes) {
  const Json* value = take_typed(name, &Json::is_string, "a string");
  if (value == nullptr) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() <= max_bytes) return text;
  fail(ErrorKind::invalid_value, name,
       "must not be longer than " + std::to_string(max_bytes) + " bytes, got " +
           std::to_string(text.size()));
  return std::nullopt;
}

const Json* FieldReader::array(std::string_view name) {
  return take_typed(name, &Json::is_array, "an array");
}

const Json* FieldReader::object(std::string_view name) {
  return take_typed(name, &Json::is_object, "an object");
}

const Json* FieldReader::any(std::string_view name) {
  return take(name);
}

void FieldReader::accept(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) take(name);
}

void FieldReader::refuse(std::string_view name, std::string_view why) {
  if (take(name) != nullptr) fail(ErrorKind::unsupported_field, name, why);
}

void FieldReader::fail(ErrorKind kind, std::string_view name, std::string_view message) {
  const std::string path = path_of(name);
  fail(ApiError{kind, path + " " + std::string(message), path, {}});
}

void FieldReader::fail(ApiError error) {
  if (!error_) error_ = std::move(error);
}

std::optional<ApiError> FieldReader::finish() {
  std::size_t index = 0;
  if (!error_) {
    for (const auto& member : object_.get_ref<const Json::object_t&>()) {
      if (!taken_[index++]) {
        fail(ErrorKind::unknown_field, member.first, "is not a known field of this request");
        break;
      }
    }
  }
  return error_;
}

}  // namespace quire::server
