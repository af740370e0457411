#include "server/core/errors.h"

#include <array>

#include "kernels/invariant.h"
#include "server/json/json.h"

namespace quire::server {
namespace {

using enum ErrorKind;

constexpr const char* kInvalid = "invalid_request_error";
constexpr const char* kUnavailable = "service_unavailable_error";

constexpr std::array kRows{
    ErrorRow{bad_http, 400, kInvalid, "bad_http"},
    ErrorRow{headers_too_large, 431, kInvalid, "headers_too_large"},
    ErrorRow{body_too_large, 413, kInvalid, "body_too_large"},
    ErrorRow{invalid_json, 400, kInvalid, "invalid_json"},
    ErrorRow{missing_field, 400, kInvalid, "missing_required_parameter"},
    ErrorRow{unknown_field, 400, kInvalid, "unknown_parameter"},
    ErrorRow{unsupported_field, 400, kInvalid, "unsupported_parameter"},
    ErrorRow{invalid_type, 400, kInvalid, "invalid_type"},
    ErrorRow{invalid_value, 400, kInvalid, "invalid_value"},
    ErrorRow{context_too_long, 400, kInvalid, "context_length_exceeded"},
    ErrorRow{template_refused, 400, kInvalid, "chat_template_error"},
    ErrorRow{unauthorized, 401, kInvalid, "invalid_api_key"},
    ErrorRow{unknown_url, 404, kInvalid, "unknown_url"},
    ErrorRow{method_not_allowed, 405, kInvalid, "method_not_supported"},
    ErrorRow{model_not_found, 404, kInvalid, "model_not_found"},
    ErrorRow{queue_full, 429, "rate_limit_error", "rate_limit_exceeded"},
    ErrorRow{overloaded, 503, kUnavailable, "overloaded"},
    ErrorRow{draining, 503, kUnavailable, "draining"},
    ErrorRow{cancelled, 503, kUnavailable, "cancelled"},
    ErrorRow{engine_failed, 503, kUnavailable, "engine_failed"},
    ErrorRow{sequence_failed, 500, "server_error", "sequence_failed"},
    ErrorRow{internal, 500, "server_error", "internal_error"},
};

static_assert(kRows.size() == static_cast<std::size_t>(internal) + 1, "a row for every kind");

// Messages quote what clients send; an answer does not grow with it.
constexpr std::size_t kMaxMessageBytes = 2048;
constexpr std::size_t kMaxParamBytes = 256;

std::string clipped(const std::string& text, std::size_t limit) {
  return text.size() <= limit ? text : lossy_utf8(std::string_view(text).substr(0, limit)) + "...";
}

}  // namespace

const ErrorRow& row_of(ErrorKind kind) noexcept {
  const ErrorRow& row = kRows[static_cast<std::size_t>(kind)];
  INVARIANT(row.kind == kind, "error rows are in the order of ErrorKind");
  return row;
}

std::string error_body(const ApiError& error) {
  const ErrorRow& row = row_of(error.kind);
  Json body;
  body["error"] = {
      {"message", clipped(error.message, kMaxMessageBytes)},
      {"type", row.type},
      {"param", error.param.empty() ? Json(nullptr) : Json(clipped(error.param, kMaxParamBytes))},
      {"code", row.code}};
  return to_text(body);
}

ApiError to_api_error(const scheduler::Refusal& refusal, bool chat) {
  switch (refusal.kind) {
    case scheduler::Refusal::Kind::queue_full:
      return {queue_full, refusal.message, "",
              std::max(refusal.retry_after, std::chrono::seconds(1))};
    case scheduler::Refusal::Kind::never_fits:
      return {context_too_long, refusal.message, chat ? "messages" : "prompt", {}};
    case scheduler::Refusal::Kind::draining:
      return {draining, refusal.message, "",
              std::max(refusal.retry_after, std::chrono::seconds(1))};
    case scheduler::Refusal::Kind::failed:
      return {engine_failed, refusal.message, "", {}};
  }
  return {internal, refusal.message, "", {}};
}

ApiError to_api_error(const engine::TemplateError& error) {
  switch (error.kind) {
    case engine::TemplateError::Kind::raised:
      return {template_refused, error.message, "messages", {}};
    case engine::TemplateError::Kind::runtime:
      return {template_refused,
              "the chat template failed on these messages: " + error.message,
              "messages",
              {}};
    case engine::TemplateError::Kind::limit:
      return {template_refused,
              "the chat template exceeded its limits: " + error.message,
              "messages",
              {}};
  }
  return {internal, error.message, "", {}};
}

}  // namespace quire::server
