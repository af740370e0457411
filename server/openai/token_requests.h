// /tokenize and /detokenize, as vLLM has them: bodies in, bodies out. Workers only.
#pragma once

#include <string>
#include <string_view>

#include "engine/model.h"
#include "engine/result.h"
#include "server/core/errors.h"
#include "server/server.h"

namespace quire::server {

/// {prompt | messages, add_special_tokens, return_token_strs, ...} ->
/// {count, max_model_len, tokens, token_strs}. Thread: any.
engine::Result<std::string, ApiError> answer_tokenize(std::string_view body,
                                                      const engine::Model& model,
                                                      const ServerConfig& config);
/// {tokens} -> {prompt}. Thread: any.
engine::Result<std::string, ApiError> answer_detokenize(std::string_view body,
                                                        const engine::Model& model,
                                                        const ServerConfig& config);

}  // namespace quire::server
