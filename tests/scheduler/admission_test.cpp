#include "scheduler/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver.h"

namespace quire::scheduler {
namespace {

using ::testing::HasSubstr;
using testing::request_of;

SchedulerConfig tight() {
  SchedulerConfig config = testing::small_config();
  config.max_model_tokens = 64;
  config.kv_blocks = 3;  // 48 tokens
  return config;
}

TEST(Admission, AcceptsWhatFits) {
  EXPECT_FALSE(find_refusal(request_of(40, 0, 8), tight()).has_value());
  // The last output token needs no place in the cache: 40 + 9 - 1 = 48.
  EXPECT_FALSE(find_refusal(request_of(40, 0, 9), tight()).has_value());
}

TEST(Admission, RefusesAnAnswerThatCouldOutgrowThePool) {
  const auto refusal = find_refusal(request_of(40, 0, 10), tight());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind, Refusal::Kind::never_fits);
  EXPECT_THAT(refusal->message, HasSubstr("40 tokens"));
  EXPECT_THAT(refusal->message, HasSubstr("4 KV blocks"));
  EXPECT_THAT(refusal->message, HasSubstr("there are 3"));
}

TEST(Admission, RefusesAPromptAsLongAsTheModel) {
  SchedulerConfig config = tight();
  config.kv_blocks = 100;
  EXPECT_FALSE(find_refusal(request_of(63), config).has_value());
  const auto refusal = find_refusal(request_of(64), config);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind, Refusal::Kind::never_fits);
  EXPECT_THAT(refusal->message, HasSubstr("64 tokens"));
}

TEST(Admission, ScoringNeedsNoRoomForAnAnswer) {
  SchedulerConfig config = tight();
  config.kv_blocks = 4;
  Request request = request_of(64, 0, 0);
  request.sampling.prompt_logprobs = true;
  EXPECT_FALSE(find_refusal(request, config).has_value());
}

TEST(Admission, CapsTheAnswerWhereTheModelEnds) {
  EXPECT_EQ(output_limit(request_of(60, 0, 1000), tight()), 4);
  EXPECT_EQ(output_limit(request_of(10, 0, 20), tight()), 20);
  EXPECT_EQ(output_limit(request_of(10, 0, 2'000'000'000), tight()), 54);
}

TEST(Admission, RefusesAnEmptyPromptAndUnknownTokens) {
  ASSERT_TRUE(find_refusal(request_of(0), tight()).has_value());
  Request request = request_of(3);
  request.prompt[1] = 1000;
  const auto refusal = find_refusal(request, tight());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_THAT(refusal->message, HasSubstr("1000"));
  request.prompt[1] = -1;
  EXPECT_TRUE(find_refusal(request, tight()).has_value());
}

}  // namespace
}  // namespace quire::scheduler
