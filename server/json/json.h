// JSON as the server reads and writes it: a parser with limits for what clients send, and a writer
// that cannot fail.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/result.h"
#include "server/core/errors.h"

namespace quire::server {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t depth = 128;         // nested arrays and objects
  std::size_t values = 4'000'000;  // of the whole document: bounds memory to some 64 bytes each
};

/// Refuses, as invalid_json: syntax errors, ill-formed UTF-8, numbers beyond double, duplicate
/// keys, and whatever exceeds the limits. Linear in the size of the text. Thread: any.
engine::Result<Json, ApiError> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Compact text. Ill-formed UTF-8 in a string becomes U+FFFD.
std::string to_text(const Json& value);

/// "a string", "a number", ...: for messages.
const char* type_name_of(const Json& value) noexcept;

/// Bytes as text: every ill-formed sequence becomes U+FFFD.
std::string lossy_utf8(std::string_view bytes);

}  // namespace quire::server
