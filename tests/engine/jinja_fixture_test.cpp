// The template language, construct by construct, against jinja2 (tools/make_jinja_goldens.py).
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/chat_template.h"

namespace quire::engine {
namespace {

using Json = nlohmann::ordered_json;

/// 2025-07-10 12:34:56.007890 local time, the clock of the fixture.
std::chrono::system_clock::time_point fixture_now() {
  std::tm when{};
  when.tm_year = 125;
  when.tm_mon = 6;
  when.tm_mday = 10;
  when.tm_hour = 12;
  when.tm_min = 34;
  when.tm_sec = 56;
  when.tm_isdst = -1;
  return std::chrono::system_clock::from_time_t(std::mktime(&when)) +
         std::chrono::microseconds(7890);
}

Json read_fixture() {
  std::ifstream file(QUIRE_SOURCE_DIR "/tests/engine/fixtures/jinja.json");
  return Json::parse(file);
}

/// Messages that say the same in other words: Python's internals, not the template's fault.
bool reworded(const std::string& error) {
  for (const char* python :
       {"integer modulo by zero", "do_sort() takes", "sync_do_join()", "tuple index out of range",
        "access to attribute '__class__'", "No filter named 'nope'."}) {
    if (error.starts_with(python)) return true;
  }
  return false;
}

void check_failure(const Json& test, const TemplateError& error) {
  if (test.contains("raised")) {
    EXPECT_EQ(error.kind, TemplateError::Kind::raised);
    EXPECT_EQ(error.message, test.at("raised").get<std::string>());
  } else {
    ASSERT_TRUE(test.contains("error")) << error.message;
    EXPECT_EQ(error.kind, TemplateError::Kind::runtime);
    const std::string expected = test.at("error");
    if (reworded(expected)) return;
    EXPECT_EQ(error.message.substr(0, error.message.rfind(" (line ")), expected);
  }
}

TEST(ChatTemplate, RendersTheLanguageAsJinja2Does) {
  const Json fixture = read_fixture();
  int cases = 0;
  for (const Json& test : fixture.at("cases")) {
    SCOPED_TRACE(test.at("template").dump());
    ++cases;
    try {
      const ChatTemplate compiled(test.at("template").get<std::string>(), fixture_now);
      EXPECT_FALSE(test.contains("syntax"))
          << "parsed, but jinja2 says: " << test.value("syntax", "");
      const auto result = compiled.render(fixture.at("variables"));
      if (result) {
        EXPECT_EQ(result.value(), test.value("out", "(an error)"));
      } else {
        check_failure(test, result.error());
      }
    } catch (const LoadError& error) {
      EXPECT_TRUE(test.contains("syntax")) << error.what();
    }
  }
  EXPECT_EQ(cases, 195);
}

}  // namespace
}  // namespace quire::engine
