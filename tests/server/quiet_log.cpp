// Tests provoke errors by the dozen: the server's log stays off.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace {

class QuietLog : public ::testing::Environment {
 public:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }
};

const ::testing::Environment* const kQuiet = ::testing::AddGlobalTestEnvironment(new QuietLog);

}  // namespace
