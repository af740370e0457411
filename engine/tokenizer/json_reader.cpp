#include "engine/tokenizer/json_reader.h"

#include "engine/model_files.h"

namespace quire::engine::tokenizer {

using nlohmann::json;

namespace {

std::string described(const json& value) {
  return value.is_number() ? value.dump() : std::string(value.type_name());
}

}  // namespace

void JsonAt::fail(std::string_view what) const {
  throw LoadError(path_ + ": " + std::string(what));
}

void JsonAt::refuse(std::string_view name) const {
  fail(std::string(name) + " is not supported");
}

bool JsonAt::lacks(const char* key) const {
  if (!value_->is_object()) fail("must be an object");
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null();
}

JsonAt JsonAt::at(const char* key) const {
  if (lacks(key)) fail("lacks " + in_quotes(key));
  return {*value_->find(key), path_ + "." + key};
}

JsonAt JsonAt::element(std::size_t index) const {
  return {(*value_)[index], path_ + "[" + std::to_string(index) + "]"};
}

std::size_t JsonAt::size() const {
  if (!value_->is_array()) fail("must be an array");
  return value_->size();
}

std::string JsonAt::string() const {
  if (!value_->is_string()) fail("must be a string");
  return value_->get<std::string>();
}

bool JsonAt::boolean() const {
  if (!value_->is_boolean()) fail("must be true or false");
  return value_->get<bool>();
}

std::uint32_t JsonAt::index() const {
  if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > kMaxTokenId) {
    fail("must be a token id of at most " + std::to_string(kMaxTokenId) + ", not " +
         described(*value_));
  }
  return value_->get<std::uint32_t>();
}

std::size_t JsonAt::count() const {
  constexpr std::uint64_t kEnd = 1U << 16U;
  if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() >= kEnd) {
    fail("must be a number below " + std::to_string(kEnd) + ", not " + described(*value_));
  }
  return value_->get<std::size_t>();
}

bool JsonAt::boolean_or(const char* key, bool otherwise) const {
  return lacks(key) ? otherwise : boolean(key);
}

std::string in_quotes(std::string_view text) {
  std::string result(1, '"');
  result += text;
  result += '"';
  return result;
}

json parse_json(std::string_view text, std::string_view file) {
  try {
    return json::parse(text.begin(), text.end());
  } catch (const json::exception& error) {
    throw LoadError(std::string(file) + ": " + error.what());
  }
}

}  // namespace quire::engine::tokenizer
