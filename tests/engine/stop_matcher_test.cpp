#include "engine/stop_matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace quire::engine {
namespace {

struct Outcome {
  std::string shown;
  std::optional<std::string> matched;
};

/// The definition: the first place where a stop string occurs, and the longest one there.
Outcome by_definition(const std::string& text, const std::vector<std::string>& stops,
                      bool include) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::optional<std::string> longest;
    for (const std::string& stop : stops) {
      if (text.compare(at, stop.size(), stop) == 0 && (!longest || stop.size() > longest->size())) {
        longest = stop;
      }
    }
    if (longest) return {text.substr(0, at + (include ? longest->size() : 0)), longest};
  }
  return {text, std::nullopt};
}

Outcome by_pushes(const std::vector<std::string>& pushes, const std::vector<std::string>& stops,
                  bool include) {
  StopMatcher matcher(stops, include);
  Outcome outcome;
  for (const std::string& push : pushes) outcome.shown += matcher.push(push);
  outcome.shown += matcher.finish();
  outcome.matched = matcher.matched();
  return outcome;
}

void expect_same(const std::string& text, const std::vector<std::string>& pushes,
                 const std::vector<std::string>& stops) {
  for (const bool include : {false, true}) {
    const Outcome expected = by_definition(text, stops, include);
    const Outcome actual = by_pushes(pushes, stops, include);
    ASSERT_EQ(actual.shown, expected.shown) << "text " << text << ", include " << include;
    ASSERT_EQ(actual.matched, expected.matched) << "text " << text << ", include " << include;
  }
}

const std::vector<std::vector<std::string>> kStopSets{{"a"},
                                                      {"ab"},
                                                      {"aab"},
                                                      {"aba"},
                                                      {"abab", "ba"},
                                                      {"a", "ab"},
                                                      {"ab", "abc"},
                                                      {"abcb", "b"},
                                                      {"aaa", "aab"},
                                                      {"bca", "cab", "abc"},
                                                      {"ca", "bcab"},
                                                      {"cc", "ccc"},
                                                      {"abac", "bab", "c"},
                                                      {"aabaa", "abaab"},
                                                      {}};

TEST(StopMatcher, AgreesWithItsDefinitionOnAllShortTextsAndCuts) {
  constexpr std::size_t kLength = 6;
  std::size_t texts = 1;
  for (std::size_t i = 0; i < kLength; ++i) texts *= 3;
  for (std::size_t number = 0; number < texts; ++number) {
    std::string text;
    for (std::size_t i = 0, rest = number; i < kLength; ++i, rest /= 3) text += "abc"[rest % 3];
    for (std::size_t cuts = 0; cuts < (1U << (kLength - 1)); ++cuts) {
      std::vector<std::string> pushes(1);
      for (std::size_t i = 0; i < kLength; ++i) {
        pushes.back() += text[i];
        if ((cuts >> i & 1U) != 0) pushes.emplace_back();
      }
      for (const auto& stops : kStopSets) expect_same(text, pushes, stops);
    }
  }
}

TEST(StopMatcher, AgreesWithItsDefinitionOnRandomTextsAndCuts) {
  const std::vector<std::string> letters{"a", "b", "\n", "é", "🙂"};
  for (unsigned seed = 0; seed < 4000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return random() % n; };
    const auto word = [&](std::size_t least, std::size_t most) {
      std::string result;
      for (std::size_t n = least + below(most - least + 1); n > 0; --n) {
        result += letters[below(2 + seed % 4)];
      }
      return result;
    };
    std::vector<std::string> stops(1 + below(4));
    for (std::string& stop : stops) stop = word(1, 5);
    std::string text;
    std::vector<std::string> pushes(1 + below(20));
    for (std::string& push : pushes) text += push = word(0, 4);
    SCOPED_TRACE(seed);
    expect_same(text, pushes, stops);
  }
}

TEST(StopMatcher, ReleasesTextAtOnceWhenNoStopStringCanBegin) {
  StopMatcher matcher({"</end>"});
  EXPECT_EQ(matcher.push("hello "), "hello ");
  EXPECT_EQ(matcher.push("x<"), "x");
  EXPECT_EQ(matcher.push("/en"), "");
  EXPECT_EQ(matcher.push("d "), "</end ");
}

TEST(StopMatcher, SwallowsEverythingAfterAMatch) {
  StopMatcher matcher({"stop"}, true);
  EXPECT_EQ(matcher.push("a stop b"), "a stop");
  EXPECT_EQ(matcher.matched(), "stop");
  EXPECT_EQ(matcher.push("more stop"), "");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcher, SettlesAWaitingMatchWhenTheTextEnds) {
  StopMatcher matcher({"\n", "\n\n"});
  EXPECT_EQ(matcher.push("line\n"), "line");
  EXPECT_EQ(matcher.matched(), std::nullopt);
  EXPECT_EQ(matcher.finish(), "");
  EXPECT_EQ(matcher.matched(), "\n");
}

TEST(StopMatcher, HoldsLessThanTheLongestStopString) {
  StopMatcher matcher({"aaaab"});
  std::string shown;
  for (int i = 0; i < 1000; ++i) {
    shown += matcher.push("a");
    ASSERT_GE(shown.size() + 4, static_cast<std::size_t>(i) + 1);
  }
}

}  // namespace
}  // namespace quire::engine
