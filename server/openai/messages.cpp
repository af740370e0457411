#include "server/openai/messages.h"

#include <string>

namespace quire::server {
namespace {

constexpr std::size_t kMaxTextBytes = SIZE_MAX;  // the body's limit bounds texts

/// Content as one string: a string stays, text parts are joined, other parts are refused.
Json read_content(FieldReader& fields) {
  const Json* content = fields.any("content");
  if (content == nullptr) return nullptr;
  if (content->is_string()) return *content;
  if (!content->is_array()) {
    fields.fail(
        ErrorKind::invalid_type, "content",
        std::string("must be a string or an array of text parts, got ") + type_name_of(*content));
    return nullptr;
  }
  std::string text;
  std::size_t index = 0;
  for (const Json& part : *content) {
    FieldReader inner(part, fields.path_of("content[" + std::to_string(index) + "]"));
    const auto type = inner.text("type", kMaxFields);
    if (!inner.failed() && type != "text") {
      inner.fail(ErrorKind::unsupported_field, "type",
                 "must be \"text\": this model reads text only");
    }
    const auto words = inner.text("text", kMaxTextBytes);
    if (!inner.failed() && !words) {
      inner.fail(ErrorKind::missing_field, "text", "is required");
    }
    if (auto error = inner.finish()) {
      fields.fail(std::move(*error));
      return nullptr;
    }
    if (index++ > 0) text += '\n';
    text += *words;
  }
  return text;
}

/// {"id", "type", "function": {"name", "arguments"}} with the arguments parsed: templates print
/// them as JSON or walk through them.
Json read_tool_call(const Json& call, FieldReader& outer, const std::string& path) {
  FieldReader fields(call, path);
  Json result = Json::object();
  const auto copy = [&](const char* name) {
    if (const auto text = fields.text(name, kMaxTextBytes)) result[name] = *text;
  };
  copy("id");
  copy("type");
  fields.accept({"index"});
  const Json* function = fields.object("function");
  if (function == nullptr) {
    fields.fail(ErrorKind::missing_field, "function", "is required");
  } else {
    FieldReader inner(*function, fields.path_of("function"));
    const auto name = inner.text("name", kMaxTextBytes);
    if (!name) inner.fail(ErrorKind::missing_field, "name", "is required");
    Json arguments = Json::object();
    if (const Json* given = inner.any("arguments")) {
      const bool text = given->is_string() && !given->get_ref<const std::string&>().empty();
      if (text) {
        auto parsed = parse_json(given->get_ref<const std::string&>());
        if (parsed.ok() && parsed.value().is_object())
          arguments = std::move(parsed).value();
        else
          inner.fail(ErrorKind::invalid_value, "arguments", "must hold a JSON object");
      } else if (given->is_object()) {
        arguments = *given;
      } else if (!given->is_string()) {
        inner.fail(ErrorKind::invalid_type, "arguments", "must be a string that holds JSON");
      }
    }
    if (auto error = inner.finish()) fields.fail(std::move(*error));
    result["function"] = {{"name", name.value_or("")}, {"arguments", std::move(arguments)}};
  }
  if (auto error = fields.finish()) outer.fail(std::move(*error));
  return result;
}

Json read_message(const Json& message, FieldReader& outer, const std::string& path) {
  FieldReader fields(message, path);
  Json result = Json::object();
  const auto role = fields.text("role", kMaxFields);
  if (!role || role->empty()) fields.fail(ErrorKind::missing_field, "role", "is required");
  result["role"] = role == "developer" ? "system" : role.value_or("");
  result["content"] = read_content(fields);
  for (const char* name :
       {"name", "tool_call_id", "reasoning_content", "reasoning", "thinking", "refusal"}) {
    if (const auto text = fields.text(name, kMaxTextBytes)) result[name] = *text;
  }
  const Json* calls = fields.array("tool_calls");
  if (calls != nullptr && !calls->empty()) {
    Json list = Json::array();
    for (const Json& call : *calls) {
      const std::string place = path + ".tool_calls[" + std::to_string(list.size()) + "]";
      list.push_back(read_tool_call(call, fields, place));
      if (fields.failed()) break;
    }
    result["tool_calls"] = std::move(list);
  }
  const bool needs_content = !result.contains("tool_calls") && role != "assistant";
  if (result["content"].is_null() && needs_content) {
    fields.fail(ErrorKind::missing_field, "content", "is required");
  }
  fields.refuse("audio", "is not supported");
  fields.refuse("function_call", "is not supported: use tool_calls");
  fields.accept({"annotations"});  // SDKs send back what an answer carried
  if (auto error = fields.finish()) outer.fail(std::move(*error));
  return result;
}

Json read_tools(FieldReader& fields) {
  const Json* tools = fields.array("tools");
  const Json* choice = fields.any("tool_choice");
  if (choice != nullptr && *choice != "none" && *choice != "auto") {
    fields.fail(ErrorKind::unsupported_field, "tool_choice", "must be \"none\" or \"auto\"");
  }
  if (tools == nullptr || tools->empty()) return nullptr;
  if (tools->size() > kMaxTools) {
    fields.fail(ErrorKind::invalid_value, "tools",
                "must not have more than " + std::to_string(kMaxTools) + " entries");
    return nullptr;
  }
  std::size_t index = 0;
  for (const Json& tool : *tools) {
    const std::string place = "tools[" + std::to_string(index++) + "]";
    if (!tool.is_object() || !tool.contains("function") || !tool["function"].is_object()) {
      fields.fail(ErrorKind::invalid_type, place,
                  "must be an object with type \"function\" and a function object");
      return nullptr;
    }
  }
  return choice != nullptr && *choice == "none" ? Json(nullptr) : *tools;
}

}  // namespace

Conversation read_conversation(FieldReader& fields) {
  Conversation conversation;
  const Json* messages = fields.array("messages");
  if (messages == nullptr || messages->empty()) {
    fields.fail(ErrorKind::missing_field, "messages", "must hold at least one message");
  } else if (messages->size() > kMaxMessages) {
    fields.fail(ErrorKind::invalid_value, "messages",
                "must not have more than " + std::to_string(kMaxMessages) + " entries");
  } else {
    for (const Json& message : *messages) {
      const std::string place = "messages[" + std::to_string(conversation.messages.size()) + "]";
      conversation.messages.push_back(read_message(message, fields, place));
      if (fields.failed()) break;
    }
  }
  conversation.tools = read_tools(fields);
  if (const Json* kwargs = fields.object("chat_template_kwargs")) {
    conversation.template_kwargs = *kwargs;
    if (kwargs->size() > kMaxFields) {
      fields.fail(ErrorKind::invalid_value, "chat_template_kwargs",
                  "must not have more than " + std::to_string(kMaxFields) + " entries");
    }
  }
  conversation.continue_final_message = fields.boolean("continue_final_message", false);
  conversation.add_generation_prompt =
      fields.boolean("add_generation_prompt", !conversation.continue_final_message);
  if (conversation.continue_final_message && !fields.failed()) {
    if (conversation.add_generation_prompt) {
      fields.fail(ErrorKind::invalid_value, "continue_final_message",
                  "cannot be combined with add_generation_prompt");
    }
    const Json& last = conversation.messages.back();
    if (!last["content"].is_string() || last["content"].get_ref<const std::string&>().empty()) {
      fields.fail(ErrorKind::invalid_value, "continue_final_message",
                  "needs a final message with text");
    }
  }
  return conversation;
}

Json template_variables(const Conversation& conversation, const Json& special_tokens) {
  Json variables = special_tokens.is_object() ? special_tokens : Json::object();
  for (const auto& [name, value] : conversation.template_kwargs.items()) variables[name] = value;
  variables["messages"] = conversation.messages;
  variables["add_generation_prompt"] = conversation.add_generation_prompt;
  if (!conversation.tools.is_null()) variables["tools"] = conversation.tools;
  return variables;
}

}  // namespace quire::server
