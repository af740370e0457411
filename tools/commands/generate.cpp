// `quire generate`: one prompt, one answer, in this process. The answer goes to standard output,
// all else to standard error.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tools/answer.h"
#include "tools/byte_size.h"
#include "tools/commands.h"
#include "tools/engine_options.h"
#include "tools/interrupt.h"
#include "tools/local_engine.h"
#include "tools/progress_bar.h"
#include "tools/sampling_options.h"

namespace quire::tools {
namespace {

using nlohmann::ordered_json;

constexpr std::int32_t kDefaultTokens = 256;

struct GenerateOptions {
  EngineOptions engine;
  SamplingOptions sampling;
  std::optional<std::string> prompt;
  std::string prompt_file;
  std::vector<engine::TokenId> prompt_ids;
  std::string system;
  bool chat = false;
  bool no_special_tokens = false;
  bool raw = false;
  bool json = false;
  bool prompt_logprobs = false;
  std::int32_t top_logprobs = 0;
};

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string prompt_text(const GenerateOptions& o) {
  if (o.prompt) return *o.prompt;
  if (o.prompt_file.empty()) return read_all(std::cin);
  std::ifstream in(o.prompt_file, std::ios::binary);
  if (!in) throw std::runtime_error("--prompt-file " + o.prompt_file + ": cannot be read");
  return read_all(in);
}

std::vector<engine::TokenId> prompt_tokens(const GenerateOptions& o, const engine::Model& model) {
  if (!o.prompt_ids.empty()) {
    for (const engine::TokenId id : o.prompt_ids) {
      if (id < model.summary().vocab_size) continue;
      throw std::runtime_error("--prompt-ids: " + std::to_string(id) + " is not below " +
                               std::to_string(model.summary().vocab_size));
    }
    return o.prompt_ids;
  }
  const std::string text = prompt_text(o);
  if (!engine::is_valid_utf8(text)) throw std::runtime_error("the prompt is not valid UTF-8");
  if (!o.chat) {
    return model.tokenizer().encode(text, {.add_special_tokens = !o.no_special_tokens});
  }
  ordered_json messages = ordered_json::array();
  if (!o.system.empty()) messages.push_back({{"role", "system"}, {"content", o.system}});
  messages.push_back({{"role", "user"}, {"content", text}});
  return model.tokenizer().encode(render_chat(model, messages.dump()),
                                  {.add_special_tokens = false});
}

/// Logprobs are given as the float's exact value; token texts may be parts of UTF-8 sequences.
ordered_json token_row(const engine::SampledToken& token, const engine::Tokenizer& tokenizer,
                       std::int32_t top) {
  const auto row = [&tokenizer](engine::TokenId id, float logprob) {
    const std::string bytes = tokenizer.token_bytes(id);
    return ordered_json{{"id", id},
                        {"token", std::string(tokenizer.token(id))},
                        {"bytes", std::vector<unsigned char>(bytes.begin(), bytes.end())},
                        {"logprob", logprob}};
  };
  ordered_json out = row(token.id, token.logprob.logprob);
  if (top == 0) return out;
  out["top_logprobs"] = ordered_json::array();
  for (const engine::TokenLogprob& other : token.top) {
    out["top_logprobs"].push_back(row(other.id, other.logprob));
  }
  return out;
}

void print_json(const GenerateOptions& o, const std::vector<engine::TokenId>& prompt,
                std::uint64_t seed, const Answer& answer, const engine::Model& model) {
  ordered_json ids = ordered_json::array();
  ordered_json logprobs = ordered_json::array();
  ordered_json tokens = ordered_json::array();
  for (const engine::SampledToken& token : answer.tokens) {
    ids.push_back(token.id);
    logprobs.push_back(token.logprob.logprob);
    tokens.push_back(token_row(token, model.tokenizer(), o.top_logprobs));
  }
  ordered_json out{{"prompt_ids", prompt},
                   {"ids", ids},
                   {"text", answer.text},
                   {"logprobs", logprobs},
                   {"tokens", tokens},
                   {"seed", seed},
                   {"finish_reason", finish_name(answer.finish.reason)}};
  if (o.prompt_logprobs) {
    out["prompt_logprobs"] = ordered_json::array();
    for (const engine::SampledToken& token : answer.prompt_logprobs) {
      out["prompt_logprobs"].push_back(token_row(token, model.tokenizer(), o.top_logprobs));
    }
  }
  out["usage"] = {{"prompt_tokens", prompt.size()}, {"completion_tokens", answer.tokens.size()}};
  std::cout << out.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

int generate(GenerateOptions& o) {
  o.engine.max_num_seqs = 1;
  watch_interrupts();
  auto bar = std::make_unique<ProgressBar>("loading", o.json);
  LocalEngine engine(o.engine, {.on_load =
                                    [&bar](std::size_t done, std::size_t total) {
                                      bar->show(done, total, format_byte_size(total));
                                    },
                                .on_step = nullptr});
  bar.reset();
  AnswerRequest request;
  request.request.prompt = prompt_tokens(o, engine.model());
  request.request.sampling = make_sampling(o.sampling, engine.model());
  request.request.sampling.logprobs = o.json;
  request.request.sampling.top_logprobs = o.top_logprobs;
  request.request.sampling.prompt_logprobs = o.prompt_logprobs;
  request.stop = o.sampling.stop;
  request.skip_special_tokens = !o.raw;
  bound_answer(request.request, engine.plan().max_model_len);
  const std::vector<engine::TokenId> prompt = request.request.prompt;
  const std::uint64_t seed = request.request.sampling.seed;
  AnswerObservers observers{.on_text = nullptr, .interrupted = interrupted};
  if (!o.json) observers.on_text = [](std::string_view part) { std::cout << part << std::flush; };
  const Answer answer =
      compute_answer(engine.thread(), engine.model(), std::move(request), observers);
  if (o.json) {
    print_json(o, prompt, seed, answer, engine.model());
  } else {
    std::cout << '\n';
  }
  if (!std::cout.flush()) throw std::runtime_error("cannot write to standard output");
  return answer.finish.reason == scheduler::FinishReason::cancelled ? 1 : 0;
}

void add_prompt_options(CLI::App& command, GenerateOptions& o) {
  CLI::Option* prompt = command.add_option(
      "--prompt", o.prompt, "The prompt. Without any prompt option, standard input is read.");
  CLI::Option* file = command.add_option("--prompt-file", o.prompt_file, "A file with the prompt.")
                          ->check(CLI::ExistingFile)
                          ->excludes(prompt);
  CLI::Option* ids =
      command.add_option("--prompt-ids", o.prompt_ids, "The prompt as token ids: 1,403,407.")
          ->delimiter(',')
          ->check(CLI::NonNegativeNumber)
          ->excludes(prompt)
          ->excludes(file);
  CLI::Option* chat =
      command
          .add_flag("--chat", o.chat,
                    "The prompt is a user's message under the model's chat template.")
          ->excludes(ids);
  command.add_option("--system", o.system, "A system message before it. Default: none.")
      ->needs(chat);
  command
      .add_flag("--no-special-tokens", o.no_special_tokens,
                "Do not add the tokens that the tokenizer puts around a text (BOS).")
      ->excludes(chat)
      ->excludes(ids);
}

}  // namespace

void add_generate_command(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "Answer one prompt in this process.");
  add_prompt_options(*command, *options);
  command->add_flag("--raw", options->raw, "Show special tokens in the answer.");
  command->add_flag("--json", options->json,
                    "Print one JSON object: ids, text, logprobs, seed, finish_reason.");
  command
      ->add_option("--top-logprobs", options->top_logprobs,
                   "With --json: that many most likely tokens beside each token.")
      ->check(CLI::Range(0, 20));
  command->add_flag("--prompt-logprobs", options->prompt_logprobs,
                    "With --json: logprobs of the prompt's tokens too.");
  add_model_options(*command, options->engine);
  add_sampling_options(*command, options->sampling, kDefaultTokens);
  command->callback([&chosen, options] {
    if (!options->json && (options->top_logprobs > 0 || options->prompt_logprobs)) {
      throw CLI::ValidationError("--top-logprobs and --prompt-logprobs need --json");
    }
    chosen = [options] { return generate(*options); };
  });
}

}  // namespace quire::tools
