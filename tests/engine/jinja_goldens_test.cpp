// Real chat templates and published interpreter cases against what jinja2, set up as transformers
// does, made of them.
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/chat_template.h"

namespace quire::engine {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

const fs::path kFolder = fs::path(QUIRE_SHARED_DATA) / "chat_templates";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The lines of a gzip file, by the gzip program.
std::vector<std::string> read_gzip_lines(const fs::path& path) {
  std::vector<std::string> lines;
  FILE* pipe = ::popen(("gzip -dc '" + path.string() + "'").c_str(), "r");
  if (pipe == nullptr) return lines;
  std::string line;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    if (c == '\n') {
      lines.push_back(std::exchange(line, {}));
    } else {
      line.push_back(static_cast<char>(c));
    }
  }
  ::pclose(pipe);
  return lines;
}

/// The goldens' clock: noon of 2025-07-10, local time.
std::chrono::system_clock::time_point golden_now() {
  std::tm noon{};
  noon.tm_year = 125;
  noon.tm_mon = 6;
  noon.tm_mday = 10;
  noon.tm_hour = 12;
  noon.tm_isdst = -1;
  return std::chrono::system_clock::from_time_t(std::mktime(&noon));
}

struct Outcome {
  std::optional<std::string> out;
  std::string error;
  bool raised = false;
};

Outcome render(const std::string& source, const Json& variables) {
  try {
    const auto result = ChatTemplate(source, golden_now).render(variables);
    if (result) return {.out = result.value(), .error = {}, .raised = false};
    return {.out = {},
            .error = result.error().message,
            .raised = result.error().kind == TemplateError::Kind::raised};
  } catch (const LoadError& error) {
    return {.out = {}, .error = error.what(), .raised = false};
  }
}

/// The families that must render perfectly, by what their files are called.
bool in_required_family(const std::string& file) {
  std::string name = file;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (const char* family : {"llama-2", "llama2", "llama-3", "llama3", "llama_3", "mistral",
                             "mixtral", "qwen", "smol", "chatml"}) {
    if (name.find(family) != std::string::npos) return true;
  }
  return false;
}

struct Tally {
  int passed = 0;
  int total = 0;
  int same_messages = 0;
  int errors = 0;
};

bool matches(const Json& golden, const Outcome& got, Tally& tally) {
  if (golden.contains("out")) return got.out == golden.at("out").get<std::string>();
  if (golden.contains("raise"))
    return got.raised && got.error == golden.at("raise").get<std::string>();
  const std::string error = golden.at("error");  // "TypeError: message"
  ++tally.errors;
  if (!got.out && got.error.starts_with(error.substr(error.find(": ") + 2))) ++tally.same_messages;
  return !got.out && !got.raised;
}

TEST(ChatTemplateGoldens, RealTemplatesRenderByteEqual) {
  if (!fs::exists(kFolder / "goldens.jsonl.gz")) GTEST_SKIP() << kFolder << " is absent";
  const Json fixtures = Json::parse(read_file(kFolder / "fixtures.json"));
  Tally all;
  Tally family;
  for (const std::string& line : read_gzip_lines(kFolder / "goldens.jsonl.gz")) {
    const Json goldens = Json::parse(line);
    const std::string file = goldens.at("file");
    const std::string source = read_file(kFolder / "templates" / file);
    for (const auto& [name, golden] : goldens.at("cases").items()) {
      Json variables = fixtures.at("default");
      variables["bos_token"] = fixtures.at("bos_token");
      variables["eos_token"] = fixtures.at("eos_token");
      variables.update(fixtures.at("cases").at(name));
      const Outcome got = render(source, variables);
      const bool same = matches(golden, got, all);
      ++all.total;
      all.passed += same;
      family.total += in_required_family(file);
      family.passed += in_required_family(file) && same;
      EXPECT_TRUE(same) << file << " / " << name << "\nexpected " << golden << "\ngot "
                        << Json(got.out.value_or("error: " + got.error));
    }
  }
  std::printf(
      "%d of %d outcomes equal; required families %d of %d; %d of %d error messages equal\n",
      all.passed, all.total, family.passed, family.total, all.same_messages, all.errors);
  EXPECT_EQ(all.total, 4242);
  EXPECT_EQ(all.same_messages, all.errors);
  EXPECT_GT(family.total, 900);
}

/// Two published cases were recorded after their render had popped from the list: this is the list
/// before, as their expected output shows.
Json variables_of(const Json& test, const char* key) {
  if (test.at("name") == "array.pop() last" || test.at("name") == "array.pop() with index") {
    return {{"arr", {"a", "b", "c"}}};
  }
  return test.at(key);
}

void check_cases(const fs::path& path, const char* variables_key, int expected_run) {
  if (!fs::exists(path)) GTEST_SKIP() << path << " is absent";
  Tally tally;
  for (const Json& test : Json::parse(read_file(path))) {
    const Json& golden = test.at("jinja2_hf_output");
    const std::string name = test.at("name");
    if (golden.is_null()) {
      std::printf("out of scope: %s (calls functions of the host)\n", name.c_str());
      continue;
    }
    const Outcome got = render(test.at("template"), variables_of(test, variables_key));
    ++tally.total;
    const std::string wanted = golden;
    const bool same = wanted.starts_with("ERR ") ? !got.out : got.out == wanted;
    tally.passed += same;
    EXPECT_TRUE(same) << name << "\n"
                      << test.at("template") << "\nexpected " << golden << "\ngot "
                      << Json(got.out.value_or("error: " + got.error));
  }
  std::printf("%d of %d outcomes equal\n", tally.passed, tally.total);
  EXPECT_EQ(tally.total, expected_run);
}

TEST(ChatTemplateGoldens, LlamaCppCasesRenderAsInJinja2) {
  check_cases(kFolder / "llamacpp_test_jinja.json", "vars", 278);
}

TEST(ChatTemplateGoldens, HuggingFaceJsCasesRenderAsInJinja2) {
  check_cases(kFolder / "huggingfacejs_templates.json", "context", 158);
}

}  // namespace
}  // namespace quire::engine
