// A TokenStream that keeps what it is told and notes any breach of the order of calls.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scheduler/token_stream.h"

namespace quire::scheduler::testing {

class RecordingStream : public TokenStream {
 public:
  void on_start(std::int32_t cached_tokens) override {
    if (started || finish) breach = "on_start twice or after on_finish";
    started = cached_tokens;
  }
  void on_prompt_logprobs(std::span<const engine::SampledToken> part) override {
    if (!started || finish || !tokens.empty()) breach = "on_prompt_logprobs out of order";
    prompt_logprobs.insert(prompt_logprobs.end(), part.begin(), part.end());
  }
  void on_token(const engine::SampledToken& token) override {
    if (!started || finish) breach = "on_token out of order";
    tokens.push_back(token);
  }
  void on_finish(const Finish& end) override {
    if (finish) breach = "on_finish twice";
    finish = end;
  }

  std::vector<engine::TokenId> ids() const {
    std::vector<engine::TokenId> list;
    for (const engine::SampledToken& token : tokens) list.push_back(token.id);
    return list;
  }

  std::optional<std::int32_t> started;
  std::vector<engine::SampledToken> prompt_logprobs;
  std::vector<engine::SampledToken> tokens;
  std::optional<Finish> finish;
  std::string breach;
};

}  // namespace quire::scheduler::testing
