// The one table from what went wrong to what a client is told: status, OpenAI error type and code.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "engine/chat_template.h"
#include "scheduler/request.h"

namespace quire::server {

enum class ErrorKind : std::uint8_t {
  bad_http,
  headers_too_large,
  body_too_large,
  invalid_json,
  missing_field,
  unknown_field,
  unsupported_field,
  invalid_type,
  invalid_value,
  context_too_long,
  template_refused,
  unauthorized,
  unknown_url,
  method_not_allowed,
  model_not_found,
  queue_full,
  overloaded,
  draining,
  cancelled,
  engine_failed,
  sequence_failed,
  internal,
};

struct ApiError {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::string param;                    // the field at fault; "" = null in the envelope
  std::chrono::seconds retry_after{0};  // > 0 becomes a Retry-After header
};

struct ErrorRow {
  ErrorKind kind;
  unsigned status;
  const char* type;
  const char* code;
};

const ErrorRow& row_of(ErrorKind kind) noexcept;
inline unsigned status_of(ErrorKind kind) noexcept {
  return row_of(kind).status;
}

/// {"error":{"message":...,"type":...,"param":...,"code":...}}
std::string error_body(const ApiError& error);

ApiError to_api_error(const scheduler::Refusal& refusal, bool chat);
ApiError to_api_error(const engine::TemplateError& error);

}  // namespace quire::server
