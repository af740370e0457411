// Messages and tools of a chat request, and what the template gets to see.
#include "server/openai/messages.h"

#include <gtest/gtest.h>

#include <tuple>

namespace quire::server {
namespace {

Conversation read_chat(const std::string& text, std::optional<ApiError>& error) {
  const Json body = parse_json(text).value();
  FieldReader fields(body);
  Conversation conversation = read_conversation(fields);
  error = fields.finish();
  return conversation;
}

TEST(Conversation, BringsMessagesIntoTheShapeOfTemplates) {
  std::optional<ApiError> error;
  const auto chat = read_chat(R"({"messages":[
      {"role":"developer","content":"be kind"},
      {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"x"},
      {"role":"assistant","content":null,"refusal":null,"annotations":[],"audio":null,
       "function_call":null,"tool_calls":[{"id":"c1","type":"function",
         "function":{"name":"f","arguments":"{\"k\":[1]}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"42"}]})",
                              error);
  ASSERT_EQ(error, std::nullopt) << error->message;
  EXPECT_EQ(to_text(chat.messages),
            R"([{"role":"system","content":"be kind"},)"
            R"({"role":"user","content":"a\nb","name":"x"},)"
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",)"
            R"("function":{"name":"f","arguments":{"k":[1]}}}]},)"
            R"({"role":"tool","content":"42","tool_call_id":"c1"}])");
  EXPECT_TRUE(chat.add_generation_prompt);
}

TEST(Conversation, RefusesWhatItCannotShowToTheModel) {
  const std::tuple<const char*, ErrorKind, const char*> cases[] = {
      {"{}", ErrorKind::missing_field, "messages"},
      {R"({"messages":[]})", ErrorKind::missing_field, "messages"},
      {R"({"messages":"hi"})", ErrorKind::invalid_type, "messages"},
      {R"({"messages":["hi"]})", ErrorKind::invalid_type, "messages[0]"},
      {R"({"messages":[{"content":"x"}]})", ErrorKind::missing_field, "messages[0].role"},
      {R"({"messages":[{"role":"user"}]})", ErrorKind::missing_field, "messages[0].content"},
      {R"({"messages":[{"role":"user","content":1}]})", ErrorKind::invalid_type,
       "messages[0].content"},
      {R"({"messages":[{"role":"user","content":"x","colour":1}]})", ErrorKind::unknown_field,
       "messages[0].colour"},
      {R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})",
       ErrorKind::unsupported_field, "messages[0].content[0].type"},
      {R"({"messages":[{"role":"user","content":[{"type":"text"}]}]})", ErrorKind::missing_field,
       "messages[0].content[0].text"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"id":"1","type":"function",
          "function":{"name":"f","arguments":"{bad"}}]}]})",
       ErrorKind::invalid_value, "messages[0].tool_calls[0].function.arguments"},
      {R"({"messages":[{"role":"user","content":"x"}],"tool_choice":"required"})",
       ErrorKind::unsupported_field, "tool_choice"},
      {R"({"messages":[{"role":"user","content":"x"}],"tools":[1]})", ErrorKind::invalid_type,
       "tools[0]"},
      {R"({"messages":[{"role":"user","content":"x"}],"continue_final_message":true,
          "add_generation_prompt":true})",
       ErrorKind::invalid_value, "continue_final_message"},
  };
  for (const auto& [text, kind, param] : cases) {
    std::optional<ApiError> error;
    read_chat(text, error);
    ASSERT_TRUE(error.has_value()) << text;
    EXPECT_EQ(error->kind, kind) << text << ": " << error->message;
    EXPECT_EQ(error->param, param) << text << ": " << error->message;
  }
}

TEST(Conversation, ToolChoiceNoneHidesTheTools) {
  std::optional<ApiError> error;
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";
  const std::string message = R"({"messages":[{"role":"user","content":"x"}],)";
  EXPECT_EQ(read_chat(message + tools + "}", error).tools.size(), 1U);
  EXPECT_TRUE(read_chat(message + tools + R"(,"tool_choice":"none"})", error).tools.is_null());
  EXPECT_EQ(read_chat(message + tools + R"(,"tool_choice":"auto"})", error).tools.size(), 1U);
  EXPECT_EQ(error, std::nullopt);
}

TEST(Conversation, BoundsTemplateKwargs) {
  Json body = parse_json(R"({"messages":[{"role":"user","content":"x"}]})").value();
  for (int i = 0; i < 257; ++i) body["chat_template_kwargs"]["k" + std::to_string(i)] = i;
  std::optional<ApiError> error;
  read_chat(to_text(body), error);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->param, "chat_template_kwargs");
}

TEST(TemplateVariables, KwargsCannotReplaceTheConversation) {
  std::optional<ApiError> error;
  const auto chat = read_chat(R"({"messages":[{"role":"user","content":"x"}],
      "chat_template_kwargs":{"enable_thinking":false,"messages":[]}})",
                              error);
  const Json variables = template_variables(chat, Json{{"bos_token", "<s>"}});
  EXPECT_EQ(variables["enable_thinking"], false);
  EXPECT_EQ(variables["messages"].size(), 1U);
  EXPECT_EQ(variables["bos_token"], "<s>");
  EXPECT_FALSE(variables.contains("tools"));
}

}  // namespace
}  // namespace quire::server
