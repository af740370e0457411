// `quire chat`: a conversation in the terminal, in this process. Works with piped input too.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tools/answer.h"
#include "tools/byte_size.h"
#include "tools/commands.h"
#include "tools/engine_options.h"
#include "tools/interrupt.h"
#include "tools/line_reader.h"
#include "tools/local_engine.h"
#include "tools/progress_bar.h"
#include "tools/sampling_options.h"

namespace quire::tools {
namespace {

using nlohmann::ordered_json;

struct ChatOptions {
  EngineOptions engine;
  SamplingOptions sampling;
  std::string system;
};

constexpr const char* kHelp =
    "/help            this text\n"
    "/reset           forget the conversation\n"
    "/system TEXT     a new system prompt (empty: none), and forget the conversation\n"
    "/exit            leave (also Ctrl-D)\n"
    "Ctrl-C           stop the answer\n";

class Conversation {
 public:
  Conversation(LocalEngine& engine, const ChatOptions& options)
      : engine_(engine), options_(options), system_(options.system) {
    reset();
  }

  void reset() {
    messages_ = ordered_json::array();
    if (!system_.empty()) add("system", system_);
  }
  void set_system(std::string text) {
    system_ = std::move(text);
    reset();
  }

  /// Streams the answer to standard output. A message that fails leaves the conversation as it was.
  void say(const std::string& line) {
    const ordered_json before = messages_;
    try {
      add("user", line);
      answer();
    } catch (const std::runtime_error& error) {
      messages_ = before;
      std::cout << "(" << error.what() << "; /reset forgets the conversation)\n";
    }
  }

 private:
  void add(const char* role, const std::string& content) {
    messages_.push_back({{"role", role}, {"content", content}});
  }

  void answer() {
    const engine::Model& model = engine_.model();
    AnswerRequest request;
    request.request.prompt = model.tokenizer().encode(render_chat(model, messages_.dump()),
                                                      {.add_special_tokens = false});
    request.request.sampling = make_sampling(options_.sampling, model);
    request.stop = options_.sampling.stop;
    bound_answer(request.request, engine_.plan().max_model_len);
    clear_interrupt();
    const Answer answer =
        compute_answer(engine_.thread(), model, std::move(request),
                       {.on_text = [](std::string_view part) { std::cout << part << std::flush; },
                        .interrupted = interrupted});
    clear_interrupt();
    add("assistant", answer.text);
    std::cout << '\n';
    if (answer.finish.reason == scheduler::FinishReason::cancelled) std::cout << "(stopped)\n";
    if (answer.finish.reason == scheduler::FinishReason::length)
      std::cout << "(cut at the token limit)\n";
    std::cout.flush();
  }

  LocalEngine& engine_;
  const ChatOptions& options_;
  std::string system_;
  ordered_json messages_;
};

/// False when the user wants to leave.
bool obey(const std::string& line, Conversation& conversation) {
  if (line == "/exit") return false;
  if (line == "/help") {
    std::cout << kHelp;
  } else if (line == "/reset") {
    conversation.reset();
    std::cout << "(the conversation is forgotten)\n";
  } else if (line == "/system" || line.starts_with("/system ")) {
    conversation.set_system(line.size() > 8 ? line.substr(8) : "");
    std::cout << "(a new conversation)\n";
  } else {
    std::cout << "(unknown command " << line << "; /help lists them)\n";
  }
  return true;
}

void converse(Conversation& conversation, bool show_prompt) {
  LineReader reader;
  for (std::string line;;) {
    if (show_prompt) std::cout << "\n> " << std::flush;
    const LineReader::Outcome outcome = reader.next(line);
    if (outcome == LineReader::Outcome::end) return;
    if (outcome == LineReader::Outcome::interrupted) {
      clear_interrupt();
      std::cout << "\n(/exit or Ctrl-D leaves)" << std::endl;
    } else if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    } else if (!engine::is_valid_utf8(line)) {
      std::cout << "(that line is not valid UTF-8)\n";
    } else if (line.front() != '/') {
      conversation.say(line);
    } else if (!obey(line, conversation)) {
      return;
    }
  }
}

int chat(ChatOptions& options) {
  options.engine.max_num_seqs = 1;
  const bool terminal = isatty(STDIN_FILENO) == 1;
  auto bar = std::make_unique<ProgressBar>("loading", !terminal);
  LocalEngine engine(options.engine, {.on_load =
                                          [&bar](std::size_t done, std::size_t total) {
                                            bar->show(done, total, format_byte_size(total));
                                          },
                                      .on_step = nullptr});
  bar.reset();
  watch_interrupts();
  if (terminal) {
    std::cout << engine.name() << " on " << engine.device() << ". /help lists the commands.\n";
  }
  Conversation conversation(engine, options);
  converse(conversation, terminal);
  return 0;
}

}  // namespace

void add_chat_command(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ChatOptions>();
  CLI::App* command = app.add_subcommand("chat", "Talk to a model in this terminal.");
  command->add_option("--system", options->system, "System prompt. Default: none.");
  add_model_options(*command, options->engine);
  add_sampling_options(*command, options->sampling, 0);
  command->callback([&chosen, options] { chosen = [options] { return chat(*options); }; });
}

}  // namespace quire::tools
