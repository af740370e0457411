#include "server/core/token_inbox.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

namespace quire::server {
namespace {

struct InboxTest : ::testing::Test {
  std::shared_ptr<TokenInbox> make(std::size_t limit) {
    return std::make_shared<TokenInbox>(
        limit,
        TokenInbox::Wake{.arrived = [this] { ++arrived; }, .overflow = [this] { ++overflow; }});
  }
  int arrived = 0;
  int overflow = 0;
};

engine::SampledToken token(engine::TokenId id) {
  return {.id = id, .logprob = {}, .top = {}};
}

TEST_F(InboxTest, GivesDeliveriesBackInOrderWithTheirChoice) {
  const auto inbox = make(100);
  const auto first = inbox->stream(0);
  const auto second = inbox->stream(1);
  first->on_start(16);
  second->on_start(0);
  first->on_token(token(7));
  second->on_finish({});
  const auto all = inbox->take(10);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(std::get<Started>(all[0].what).cached_tokens, 16);
  EXPECT_EQ(all[1].choice, 1);
  EXPECT_EQ(std::get<engine::SampledToken>(all[2].what).id, 7);
  EXPECT_TRUE(std::holds_alternative<scheduler::Finish>(all[3].what));
}

TEST_F(InboxTest, WakesOnceForEveryTakeThatFoundNothing) {
  const auto inbox = make(100);
  const auto stream = inbox->stream(0);
  stream->on_token(token(1));
  EXPECT_EQ(arrived, 0) << "nobody has looked yet";
  EXPECT_EQ(inbox->take(10).size(), 1U);
  EXPECT_TRUE(inbox->take(10).empty());
  stream->on_token(token(2));
  stream->on_token(token(3));
  EXPECT_EQ(arrived, 1);
  EXPECT_EQ(inbox->take(1).size(), 1U);
  EXPECT_EQ(inbox->take(1).size(), 1U);
  EXPECT_EQ(arrived, 1);
}

TEST_F(InboxTest, DropsTokensBeyondItsLimitButKeepsTheEnd) {
  const auto inbox = make(3);
  const auto stream = inbox->stream(0);
  for (int i = 0; i < 10; ++i) stream->on_token(token(i));
  stream->on_finish({});
  EXPECT_EQ(overflow, 1);
  const auto all = inbox->take(100);
  ASSERT_EQ(all.size(), 5U);  // the limit, the one that broke it, the end
  EXPECT_TRUE(std::holds_alternative<scheduler::Finish>(all.back().what));
}

TEST_F(InboxTest, IsDeafOnceDetached) {
  const auto inbox = make(3);
  const auto stream = inbox->stream(0);
  EXPECT_TRUE(inbox->take(1).empty());
  inbox->detach();
  for (int i = 0; i < 10; ++i) stream->on_token(token(i));
  stream->on_finish({});
  EXPECT_EQ(arrived + overflow, 0);
  EXPECT_TRUE(inbox->take(100).empty());
}

TEST(TokenInbox, LosesNothingBetweenTwoThreads) {
  constexpr int kTokens = 20000;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;
  const auto inbox = std::make_shared<TokenInbox>(
      SIZE_MAX, TokenInbox::Wake{.arrived =
                                     [&] {
                                       const std::lock_guard lock(mutex);
                                       woken = true;
                                       changed.notify_one();
                                     },
                                 .overflow = {}});
  std::thread engine([stream = inbox->stream(0)] {
    for (int i = 0; i < kTokens; ++i) stream->on_token(token(i));
    stream->on_finish({});
  });
  int next = 0;
  for (bool ended = false; !ended;) {
    const auto taken = inbox->take(64);
    if (taken.empty()) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return woken; });
      woken = false;
    }
    for (const Delivery& delivery : taken) {
      const auto* sampled = std::get_if<engine::SampledToken>(&delivery.what);
      ended = sampled == nullptr;
      if (!ended) {
        ASSERT_EQ(sampled->id, next++);
      }
    }
  }
  engine.join();
  EXPECT_EQ(next, kTokens);
}

}  // namespace
}  // namespace quire::server
