// The fields that chat completions and completions have in common: sampling, stopping, streaming.
// Names and defaults follow the OpenAI API; the extras follow vLLM's request fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/sampling_params.h"
#include "server/json/fields.h"
#include "server/server.h"

namespace quire::server {

inline constexpr std::size_t kMaxStopStrings = 64;
inline constexpr std::size_t kMaxStopBytes = 1024;  // of one stop string
inline constexpr std::size_t kMaxNameBytes = 1024;  // model names, cache_salt and the like

enum class Dialect : std::uint8_t { chat, completions };

struct GenerationOptions {
  Dialect dialect = Dialect::chat;
  engine::SamplingParams sampling;  // of choice 0; stop_token_ids complete, max_tokens not yet set
  std::optional<std::int32_t> max_tokens;
  std::string max_tokens_field = "max_tokens";  // as the client spelt it, for messages
  std::int64_t seed = 0;
  std::int32_t n = 1;
  bool stream = false;
  bool include_usage = false;
  bool continuous_usage = false;
  std::vector<std::string> stops;
  bool include_stop = false;
  bool skip_special_tokens = true;
  bool return_token_ids = false;
  bool tokens_as_ids = false;  // logprobs name tokens "token_id:17"
  std::int32_t priority = 0;
  std::string cache_salt;
};

/// What the translation of a request needs to know of the server.
struct ServedModel {
  const ServerConfig& config;
  const engine::ModelSummary& summary;
  const engine::SamplingDefaults& defaults;
};

/// Takes the common fields. Errors stay in the reader.
GenerationOptions read_options(FieldReader& fields, const ServedModel& served, Dialect dialect);

/// Refuses a model name that is not among the served ones.
std::optional<ApiError> find_unknown_model(const std::string& name, const ServerConfig& config);

/// The seed of choice i of each prompt: the request's own for 0, a mix of both below 2^53 for
/// others. Sent as `seed` with n = 1 it gives the same answer again.
std::int64_t seed_of_choice(std::int64_t seed, std::int32_t choice) noexcept;

}  // namespace quire::server
