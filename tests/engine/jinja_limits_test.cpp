// What a template cannot do to the server: hang, exhaust memory, overflow the stack, crash.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "engine/chat_template.h"

namespace quire::engine {
namespace {

using Json = nlohmann::ordered_json;
using Kind = TemplateError::Kind;

// Generous for a loaded machine and a sanitizer build; an unbounded render would take for ever.
constexpr std::chrono::seconds kBounded{60};

std::string repeat(const std::string& text, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

Result<std::string, TemplateError> render(const std::string& source,
                                          const Json& variables = Json::object(),
                                          const TemplateLimits& limits = {}) {
  const auto start = std::chrono::steady_clock::now();
  auto result = ChatTemplate(source).render(variables, limits);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kBounded) << source.substr(0, 200);
  return result;
}

/// Templates that would run for ever or eat all memory.
const std::vector<std::string>& explosions() {
  static const std::vector<std::string> sources = {
      repeat("{% for a in range(100000) %}", 5) + "x" + repeat("{% endfor %}", 5),
      "{{ 'x' * 10**9 }}",
      "{{ 'x' * 10**18 }}",
      "{{ [0] * 10**12 }}",
      "{{ [[]] * 10000000 }}",
      "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% "
      "endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% "
      "endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(150) %}{% set ns.s = [ns.s, ns.s] %}{% "
      "endfor %}{{ ns.s }}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(150) %}{% set ns.s = [ns.s, ns.s] %}{% "
      "endfor %}{{ ns.s|tojson }}",
      "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(150) %}{% set ns.s = [ns.s, ns.s] "
      "%}{% set ns.t = [ns.t, ns.t] %}"
      "{% endfor %}{{ ns.s == ns.t }}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(1000) %}{% set ns.s = [ns.s] %}{% endfor "
      "%}",
      "{% set ns = namespace(s={}) %}{% for i in range(1000) %}{% set ns.s = {'a': ns.s} %}{% "
      "endfor %}",
      "{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% macro f(n) %}{{ f(n + 1) }}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
      "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{{ caller() }}{% endmacro %}{% call "
      "f() %}x{% endcall %}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{{ '%0999999999d' % 1 }}",
      "{{ '%.999999999f' % 1.0 }}",
      "{{ '%*d' % (999999999, 1) }}",
      "{{ '{:999999999}'.format(1) }}",
      "{{ 'x'.center(10**9) }}{{ 'x'.zfill(10**12) }}",
      "{{ 'x'.ljust(10**10) }}",
      "{{ 'a' | indent(10**10) }}",
      "{{ [1] | tojson(indent=10**10) }}",
      "{{ [1] | batch(10**12, 0) | list }}",
      "{{ [1] | slice(10**12) | list }}",
      "{% set s = 'ab' * 10000000 %}{% for i in range(100000) %}{% set t = s.replace('a', 'bb') "
      "%}{% endfor %}",
      "{% set s = 'a' * 30000000 %}{% for i in range(100000) %}{{ ('a' * 10000000 + 'b') in s }}{% "
      "endfor %}",
      "{% set s = 'é' * 1000000 %}{% for i in range(100000) %}{% set t = s[999999] %}{% endfor %}",
      "{% set l = range(100000)|list %}{% for i in range(100000) %}{% set m = l|sort %}{% endfor "
      "%}",
      "{% for c in 'x' * 60000000 %}{% endfor %}",
      "{% set ns = namespace() %}{% for i in range(100000) %}{% for j in range(100000) %}{% set "
      "ns.n = namespace(n=ns.n) %}"
      "{% endfor %}{% endfor %}",
      "{% for i in range(100000) %}{% for j in range(100000) %}{% macro m() %}{% endmacro %}{% "
      "endfor %}{% endfor %}",
      "{{ range(100000)|list|string * 10000 }}",
      "{{ ('x,' * 10000000).split(',') | length }}",
      "{{ strftime_now('%Y' * 1000) }}",
  };
  return sources;
}

/// One test per template: the sanitizers make each some 60 times slower.
class ChatTemplateExplosion : public testing::TestWithParam<std::size_t> {};

TEST_P(ChatTemplateExplosion, EndsAsALimitError) {
  const std::string& source = explosions()[GetParam()];
  const auto result = render(source);
  ASSERT_FALSE(result) << source;
  EXPECT_EQ(result.error().kind, Kind::limit) << source << "\n" << result.error().message;
}

INSTANTIATE_TEST_SUITE_P(All, ChatTemplateExplosion,
                         testing::Range(std::size_t{0}, explosions().size()));

TEST(ChatTemplateLimits, StepsOutputAndDepthAreThoseGiven) {
  const std::string loop = "{% for i in range(1000) %}{% set x = i %}{% endfor %}done";
  EXPECT_TRUE(render(loop));
  EXPECT_EQ(render(loop, {}, {.steps = 1000}).error().message,
            "the template takes more than 1000 steps");
  EXPECT_EQ(render("{{ 'abc' * 4 }}", {}, {.output_bytes = 10}).error().kind, Kind::limit);
  EXPECT_EQ(render("abcdef{{ 'abcdef' }}", {}, {.output_bytes = 10}).error().kind, Kind::limit);
  EXPECT_TRUE(render("abcd{{ 'abcdef' }}", {}, {.output_bytes = 10}));
  EXPECT_EQ(render("{{ [[[[[1]]]]] }}", {}, {.depth = 4}).error().kind, Kind::limit);
  EXPECT_TRUE(render("{{ [[1]] }}", {}, {.depth = 4}));
  EXPECT_EQ(render("{{ x }}", {{"x", std::string(100, 'x')}}, {.output_bytes = 10}).error().kind,
            Kind::limit);
}

TEST(ChatTemplateLimits, DeepVariablesAreALimitError) {
  Json deep = 1;
  for (int i = 0; i < 1000; ++i) deep = Json::array({std::move(deep)});
  EXPECT_EQ(render("{{ x }}", {{"x", deep}}).error().kind, Kind::limit);
  EXPECT_TRUE(render("not mentioned", {{"x", deep}}));
}

TEST(ChatTemplateLimits, DeepSourceIsRefusedAtLoad) {
  constexpr std::size_t kDeep = 100000;
  const std::vector<std::string> sources = {
      "{{ " + repeat("(", kDeep) + "1" + repeat(")", kDeep) + " }}",
      "{{ " + repeat("[", kDeep) + repeat("]", kDeep) + " }}",
      "{{ " + repeat("{1:", kDeep) + "1" + repeat("}", kDeep) + " }}",
      "{{ " + repeat("not ", kDeep) + "1 }}",
      "{{ " + repeat("-", 1) + repeat(" - ", kDeep) + "1 }}",
      "{{ x" + repeat(".y", kDeep) + " }}",
      "{{ x" + repeat("[0]", kDeep) + " }}",
      "{{ x" + repeat("[x", kDeep) + repeat("]", kDeep) + " }}",
      "{{ x" + repeat("|string", kDeep) + " }}",
      "{{ x" + repeat("()", kDeep) + " }}",
      "{{ " + repeat("1 if 1 else ", kDeep) + "1 }}",
      "{{ 1" + repeat(" if 1", kDeep) + " }}",
      "{% set " + repeat("(", kDeep) + "a" + repeat(")", kDeep) + " = 1 %}",
      "{% set " + repeat("[", kDeep) + "a" + repeat("]", kDeep) + " = 1 %}",
      repeat("{% if 1 %}", kDeep) + repeat("{% endif %}", kDeep),
      repeat("{% for a in b %}", kDeep) + repeat("{% endfor %}", kDeep),
      repeat("{% macro a() %}", kDeep) + repeat("{% endmacro %}", kDeep),
      repeat("{% filter upper %}", kDeep),
      "{% filter upper" + repeat("|upper", kDeep) + " %}{% endfilter %}",
  };
  for (const std::string& source : sources) {
    EXPECT_THROW(ChatTemplate{source}, LoadError) << source.substr(0, 60);
  }
}

TEST(ChatTemplateLimits, LongChainsAreNotDeep) {
  constexpr std::size_t kLong = 20000;
  EXPECT_EQ(render("{{ 0" + repeat(" + 1", kLong) + " }}").value(), std::to_string(kLong));
  EXPECT_EQ(render("{{ ''" + repeat(" ~ 'a'", kLong) + " }}").value(), std::string(kLong, 'a'));
  EXPECT_EQ(render("{{ 0" + repeat(" or 0", kLong) + " }}").value(), "0");
  EXPECT_EQ(render("{% if 0 %}" + repeat("{% elif 0 %}", kLong) + "{% else %}x{% endif %}").value(),
            "x");
}

TEST(ChatTemplateLimits, RaisingIsNotARuntimeError) {
  const auto result = render(
      "{% macro f() %}{{ raise_exception('no: ' ~ x) }}{% endmacro %}\n{{ f() }}", {{"x", "<é>"}});
  EXPECT_EQ(result.error().kind, Kind::raised);
  EXPECT_EQ(result.error().message, "no: <é>");
  const auto runtime = render("a\nb\n{{ x.y.z }}", {{"x", Json::object()}});
  EXPECT_EQ(runtime.error().kind, Kind::runtime);
  EXPECT_EQ(runtime.error().message,
            "'dict object' has no attribute 'y' (line 3 of the chat template)");
}

TEST(ChatTemplateLimits, SyntaxErrorsNameTheLine) {
  try {
    const ChatTemplate bad("a\n{% if x %}\n{{ 1 + }}\n{% endif %}");
    FAIL() << "parsed";
  } catch (const LoadError& error) {
    EXPECT_STREQ(error.what(),
                 "chat template, line 3: expected an expression, got end of print statement");
  }
  for (const char* tag : {"include", "import", "extends", "block", "from", "autoescape"}) {
    try {
      const ChatTemplate bad("{% " + std::string(tag) + " 'x' %}");
      FAIL() << tag;
    } catch (const LoadError& error) {
      EXPECT_EQ(error.what(), "chat template, line 1: the tag '" + std::string(tag) +
                                  "' is not supported in chat templates");
    }
  }
}

TEST(ChatTemplateLimits, IntegersOfMoreThan64BitsAreRefused) {
  EXPECT_EQ(render("{{ 9223372036854775807 + 1 }}").error().message,
            "integer overflow: ints have 64 bits here (line 1 of the chat template)");
  EXPECT_FALSE(render("{{ 2 ** 63 }}"));
  EXPECT_FALSE(render("{{ -x - 2 }}", {{"x", 9223372036854775807}}));
  EXPECT_FALSE(render("{{ (-x - 1) // -1 }}", {{"x", 9223372036854775807}}));
  EXPECT_EQ(render("{{ (-x - 1) % -1 }}", {{"x", 9223372036854775807}}).value(), "0");
  EXPECT_FALSE(render("{{ x }}", {{"x", 9223372036854775808U}}));
  EXPECT_THROW(ChatTemplate{"{{ 9223372036854775808 }}"}, LoadError);
}

TEST(ChatTemplateLimits, BytesThatAreNoUtf8PassThrough) {
  const std::string bytes = "a\xFF\xC3z\xE4\xBD";
  EXPECT_EQ(
      render("{{ x }}{{ x[1:] }}{{ x|length }}{{ x.strip() }}{{ x.upper()|lower }}", {{"x", bytes}})
          .value(),
      bytes + bytes.substr(1) + "6" + bytes + bytes);
}

TEST(ChatTemplate, OneTemplateRendersOnManyThreads) {
  const ChatTemplate shared(
      "{% for m in messages %}{{ m.role + ': ' + m.content|trim }}\n{% endfor %}");
  const Json variables = {{"messages", {{{"role", "user"}, {"content", " hi "}}}}};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) EXPECT_EQ(shared.render(variables).value(), "user: hi\n");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ChatTemplate, RenderingTwiceGivesTheSame) {
  const ChatTemplate compiled("{% set l = [1, 2, 3] %}{{ l.pop() }}{{ l }}{{ x.pop() }}");
  const Json variables = {{"x", {1, 2}}};
  EXPECT_EQ(compiled.render(variables).value(), "3[1, 2]2");
  EXPECT_EQ(compiled.render(variables).value(), "3[1, 2]2");
}

/// Splices pieces of templates into each other and flips characters: whatever comes out parses or
/// is refused, renders or fails, within its limits.
TEST(ChatTemplateFuzz, MutatedTemplatesNeverCrashOrHang) {
  std::ifstream file(QUIRE_SOURCE_DIR "/tests/engine/fixtures/jinja.json");
  const Json fixture = Json::parse(file);
  std::vector<std::string> seeds;
  for (const Json& test : fixture.at("cases")) seeds.push_back(test.at("template"));
  std::mt19937 generator(20250710);
  const auto below = [&](std::size_t n) {
    return static_cast<std::size_t>(generator()) % std::max<std::size_t>(n, 1);
  };
  const std::string alphabet = "{}%#-+|.[]()'\"\\ \n0123456789abcxyz_*/~=<>!,:\xC3\xA9\xFF";
  const TemplateLimits limits{.steps = 20000, .output_bytes = 1U << 18U, .depth = 200};
  int parsed = 0;
  int rendered = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int trial = 0; trial < 20000; ++trial) {
    std::string source = seeds[below(seeds.size())];
    const std::string& other = seeds[below(seeds.size())];
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t at = below(source.size());
      switch (below(5)) {
        case 0:
          source.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        case 1:
          source.erase(at, 1 + below(4));
          break;
        case 2:
          source.insert(at, other.substr(below(other.size()), below(40)));
          break;
        case 3:
          if (!source.empty()) source[at] = alphabet[below(alphabet.size())];
          break;
        default:
          source += other;
      }
    }
    try {
      const ChatTemplate compiled(source);
      ++parsed;
      rendered += compiled.render(fixture.at("variables"), limits).ok();
    } catch (const LoadError&) {
    }
  }
  EXPECT_GT(parsed, 2000);
  EXPECT_GT(rendered, 1000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(4));
}

}  // namespace
}  // namespace quire::engine
