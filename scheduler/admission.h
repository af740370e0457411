// Admission: what is refused at the door, because it could never be computed as asked.
#pragma once

#include <cstdint>
#include <optional>

#include "scheduler/config.h"
#include "scheduler/request.h"

namespace quire::scheduler {

/// Output tokens a request may get: max_tokens, or less where the model's positions end.
std::int32_t output_limit(const Request& request, const SchedulerConfig& config) noexcept;

/// Why the request can never run (Kind::never_fits), or nothing. An accepted request always ends as
/// if it were alone, so one whose output could outgrow the whole KV pool is refused, too: a server
/// whose max_model_tokens fits in kv_blocks never meets that case. Thread: any.
std::optional<Refusal> find_refusal(const Request& request, const SchedulerConfig& config);

}  // namespace quire::scheduler
