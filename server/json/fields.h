// FieldReader: takes typed fields out of a JSON object. The first thing wrong is kept as the error
// (with the field's name), so that a translation reads as a straight list of fields; a field which
// nobody took is refused by name at the end. null means absent, as the OpenAI SDKs send it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/errors.h"
#include "server/json/json.h"

namespace quire::server {

/// Fields of one object that may be named at most; more are refused before any is looked at.
inline constexpr std::size_t kMaxFields = 256;

/// Thread: caller synchronises. The object must outlive it.
class FieldReader {
 public:
  /// `path` precedes names in messages: "stream_options" gives "stream_options.include_usage".
  explicit FieldReader(const Json& object, std::string path = "");

  bool boolean(std::string_view name, bool otherwise);
  std::optional<double> number(std::string_view name, double low, double high);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high);
  std::optional<std::string> text(std::string_view name, std::size_t max_bytes);
  const Json* array(std::string_view name);
  const Json* object(std::string_view name);
  /// Whatever is there; null when absent.
  const Json* any(std::string_view name);

  /// Fields that cannot change an answer: accepted with any value.
  void accept(std::initializer_list<std::string_view> names);
  /// Refused, when present, as not supported: `why` completes "<name> ...".
  void refuse(std::string_view name, std::string_view why);
  /// Reports an error at a field; kept if it is the first. `message` completes "<name> ...".
  void fail(ErrorKind kind, std::string_view name, std::string_view message);
  void fail(ApiError error);

  bool failed() const noexcept { return error_.has_value(); }
  /// The first error; an unknown field counts as the last one.
  std::optional<ApiError> finish();

  std::string path_of(std::string_view name) const;

 private:
  const Json* take(std::string_view name);
  const Json* take_typed(std::string_view name, bool (Json::*is)() const noexcept,
                         std::string_view type);

  const Json& object_;
  std::string path_;
  std::vector<bool> taken_;
  std::optional<ApiError> error_;
};

}  // namespace quire::server
