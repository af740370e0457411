// Chat templates: the Jinja dialect that Hugging Face templates use (jinja2 with loopcontrols,
// trim_blocks, lstrip_blocks, the `generation` tag, `tojson`, `raise_exception`, `strftime_now`),
// run by our own interpreter under hard limits on steps, memory and nesting.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/model_files.h"
#include "engine/result.h"

namespace quire::engine {

struct TemplateError {
  enum class Kind : std::uint8_t {
    raised,   // the template called raise_exception: the request does not suit the template
    runtime,  // undefined attribute, wrong type, ...
    limit,    // too many steps, too much output, too deep
  };
  Kind kind = Kind::runtime;
  std::string message;
};

struct TemplateLimits {
  std::size_t steps = 5'000'000;           // evaluated nodes
  std::size_t output_bytes = 64U << 20U;   // of the rendered text and of any single value
  std::size_t depth = 200;                 // nested expressions, calls and loops
};

/// A compiled template. Immutable. Thread: any.
class ChatTemplate {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  /// Throws LoadError with line and reason on a syntax error.
  explicit ChatTemplate(std::string_view source, Clock now = std::chrono::system_clock::now);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// `variables` is an object: messages, tools, add_generation_prompt, bos_token, eos_token and
  /// whatever else the caller wants visible (chat_template_kwargs). Key order is kept.
  Result<std::string, TemplateError> render(const nlohmann::ordered_json& variables,
                                            const TemplateLimits& limits = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::engine
