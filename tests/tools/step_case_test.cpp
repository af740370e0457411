#include "tools/bench/step_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quire::tools::bench {
namespace {

TEST(StepSizes, AreNumbersWithCommasOrNone) {
  EXPECT_THAT(parse_sizes("128,512,1", 512).value(), testing::ElementsAre(128, 512, 1));
  EXPECT_THAT(parse_sizes("none", 512).value(), testing::IsEmpty());
}

TEST(StepSizes, RefuseEverythingElse) {
  for (const char* text : {"", ",", "1,", ",1", "0", "-1", "513", "1 2", "1.5", "x", "none,1",
                           "99999999999999999999"}) {
    EXPECT_FALSE(parse_sizes(text, 512)) << text;
  }
}

TEST(StepCases, AreThePrefillsThenEverySequenceCountWithEveryContext) {
  const auto cases =
      make_cases({.prefill = {128, 512}, .sequences = {1, 8}, .contexts = {64, 1024}});
  std::vector<std::string> names;
  for (const StepCase& step : cases) names.push_back(step.describe());
  EXPECT_THAT(names, testing::ElementsAre("prefill 128", "prefill 512", "decode 1 x 64",
                                          "decode 8 x 64", "decode 1 x 1024", "decode 8 x 1024"));
}

TEST(StepCases, NeedWholeBlocksForEverySequence) {
  const StepCase prefill{.kind = StepCase::Kind::prefill, .sequences = 1, .context = 17};
  EXPECT_EQ(prefill.blocks(), 2);
  EXPECT_EQ(prefill.tokens(), 17);
  const StepCase decode{.kind = StepCase::Kind::decode, .sequences = 3, .context = 32};
  EXPECT_EQ(decode.blocks(), 6);
  EXPECT_EQ(decode.tokens(), 3);
}

}  // namespace
}  // namespace quire::tools::bench
