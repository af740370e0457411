#include "scheduler/finish_rate.h"

#include <gtest/gtest.h>

namespace quire::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FinishRate, EstimatesFromTheRecentRate) {
  FinishRate rate;
  TimePoint now{};
  rate.began(now);
  for (int i = 0; i < 10; ++i) rate.ended(now += seconds(2));
  EXPECT_EQ(rate.retry_after(1, now), seconds(2));
  EXPECT_EQ(rate.retry_after(5, now), seconds(10));
}

TEST(FinishRate, ForgetsWhatIsLongAgo) {
  FinishRate rate;
  TimePoint now{};
  rate.began(now);
  for (int i = 0; i < 100; ++i) rate.ended(now += seconds(30));
  for (int i = 0; i < 100; ++i) rate.ended(now += milliseconds(2500));
  EXPECT_EQ(rate.retry_after(2, now), seconds(5));
}

TEST(FinishRate, AStandstillShows) {
  FinishRate rate;
  TimePoint now{};
  rate.began(now);
  rate.ended(now += seconds(1));
  EXPECT_EQ(rate.retry_after(1, now + seconds(29)), seconds(30));
}

TEST(FinishRate, BeforeTheFirstEndItTakesAsLongAgain) {
  FinishRate rate;
  rate.began(TimePoint{});
  EXPECT_EQ(rate.retry_after(1, TimePoint{} + seconds(7)), seconds(7));
}

TEST(FinishRate, StaysWithinOneSecondAndAMinute) {
  FinishRate rate;
  EXPECT_EQ(rate.retry_after(1, TimePoint{}), seconds(1));
  rate.began(TimePoint{});
  rate.ended(TimePoint{} + milliseconds(1));
  EXPECT_EQ(rate.retry_after(1, TimePoint{} + milliseconds(1)), seconds(1));
  EXPECT_EQ(rate.retry_after(1000, TimePoint{} + seconds(9)), FinishRate::kLongest);
}

TEST(FinishRate, PausesDoNotCount) {
  FinishRate rate;
  rate.began(TimePoint{});
  rate.ended(TimePoint{} + seconds(1));
  rate.idle();
  const TimePoint later = TimePoint{} + seconds(1000);
  rate.began(later);
  rate.ended(later + seconds(3));
  EXPECT_EQ(rate.retry_after(1, later + seconds(3)), seconds(3));
}

}  // namespace
}  // namespace quire::scheduler
