#include "engine/chat_template.h"

#include <nlohmann/json.hpp>

#include "engine/jinja/interpreter.h"
#include "engine/jinja/parser.h"

namespace quire::engine {

struct ChatTemplate::Impl {
  jinja::Program program;
  Clock now;
};

ChatTemplate::ChatTemplate(std::string_view source, Clock now)
    : impl_(std::make_unique<Impl>(Impl{.program = jinja::parse(source), .now = std::move(now)})) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<std::string, TemplateError> ChatTemplate::render(const nlohmann::ordered_json& variables,
                                                        const TemplateLimits& limits) const {
  try {
    jinja::Runtime runtime(limits, impl_->now);
    return jinja::Interpreter(impl_->program, runtime).run(variables);
  } catch (const jinja::RenderError& error) {
    return error.error;
  }
}

}  // namespace quire::engine
