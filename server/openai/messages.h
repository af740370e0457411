// Chat messages and tools of a request, checked and brought into the shape that chat templates
// read.
#pragma once

#include "server/json/fields.h"
#include "server/json/json.h"

namespace quire::server {

inline constexpr std::size_t kMaxMessages = 16384;
inline constexpr std::size_t kMaxTools = 1024;

/// What a chat template needs of a request.
struct Conversation {
  Json messages = Json::array();
  Json tools = nullptr;  // null = none
  Json template_kwargs = Json::object();
  bool add_generation_prompt = true;
  bool continue_final_message = false;
};

/// Takes messages, tools, tool_choice, chat_template_kwargs and the two prompt switches.
/// Text parts are joined by line breaks, the role "developer" becomes "system", and the arguments
/// of tool calls become objects. Errors stay in the reader.
Conversation read_conversation(FieldReader& fields);

/// The variables of the template: the conversation on top of `special_tokens` and the kwargs.
Json template_variables(const Conversation& conversation, const Json& special_tokens);

}  // namespace quire::server
