// Translation: an OpenAI request body becomes prompts of token ids and sampling parameters.
// Everything here may take long (templates, tokenising): workers only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/result.h"
#include "server/core/errors.h"
#include "server/json/json.h"
#include "server/openai/options.h"

namespace quire::server {

/// Text longer than this many bytes for each token of the context cannot fit and is not tokenised:
/// tokens of running text have about 4 bytes.
inline constexpr std::size_t kMaxBytesPerToken = 64;

struct PromptInput {
  std::vector<engine::TokenId> tokens;  // at least one
  std::string text;                     // what echo repeats
  std::int32_t max_tokens = 0;          // resolved: of each choice of this prompt
};

/// What is to be computed, in the engine's terms. Choice c belongs to prompt c / n.
struct GenerationRequest {
  GenerationOptions options;
  std::vector<PromptInput> prompts;
  bool echo = false;

  std::int32_t choices() const { return static_cast<std::int32_t>(prompts.size()) * options.n; }
  const PromptInput& prompt_of(std::int32_t choice) const {
    return prompts[static_cast<std::size_t>(choice / options.n)];
  }
  std::int64_t seed_of(std::int32_t choice) const {
    return seed_of_choice(options.seed, choice % options.n);
  }
  /// The sampling row of one choice.
  engine::SamplingParams sampling_of(std::int32_t choice) const;
};

/// Thread: any, workers only.
engine::Result<GenerationRequest, ApiError> translate_chat(const Json& body,
                                                           const engine::Model& model,
                                                           const ServerConfig& config);
engine::Result<GenerationRequest, ApiError> translate_completion(const Json& body,
                                                                 const engine::Model& model,
                                                                 const ServerConfig& config);

/// The prompt text of a chat request without its tokens: for /tokenize.
engine::Result<std::string, ApiError> render_chat(const Json& variables,
                                                  const engine::Model& model);

/// Appends a non-empty array of token ids below `vocab`; the error names `param`.
std::optional<ApiError> read_token_ids(const Json& list, std::int32_t vocab, const char* param,
                                       std::vector<engine::TokenId>& out);

/// Token ids of a text. Refuses text that cannot fit the context before it is tokenised; errors
/// name `param`.
engine::Result<std::vector<engine::TokenId>, ApiError> encode_text(std::string_view text,
                                                                   const engine::Model& model,
                                                                   const ServerConfig& config,
                                                                   bool add_special,
                                                                   const char* param);

/// Checks the finished request against the context: resolves max_tokens of every prompt.
std::optional<ApiError> fit_to_context(GenerationRequest& request, const ServerConfig& config);

}  // namespace quire::server
