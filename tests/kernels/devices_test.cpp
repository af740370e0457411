#include "kernels/devices.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <optional>

#include "tests/kernels/backend_fixture.h"

namespace quire::kernels {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

/// Sets QUIRE_CPU_ISA for a scope.
class ForcedIsa {
 public:
  explicit ForcedIsa(const std::string& value) {
    if (const char* before = std::getenv(kName)) before_ = before;
    setenv(kName, value.c_str(), 1);
  }
  ~ForcedIsa() {
    if (before_) {
      setenv(kName, before_->c_str(), 1);
    } else {
      unsetenv(kName);
    }
  }
  ForcedIsa(const ForcedIsa&) = delete;
  ForcedIsa& operator=(const ForcedIsa&) = delete;

 private:
  static constexpr const char* kName = "QUIRE_CPU_ISA";
  std::optional<std::string> before_;
};

/// The product's own way to a level: none that only an emulator could run.
class DevicesOnEachIsa : public BackendTest {
 protected:
  void SetUp() override {
    if (!GetParam().supported) GTEST_SKIP() << GetParam().name << ": " << GetParam().missing;
  }
};
QUIRE_ON_EVERY_ISA(DevicesOnEachIsa);

// describe() prints the name that the kernels' own translation unit was compiled with.
TEST_P(DevicesOnEachIsa, ForcedLevelIsTheOneThatRuns) {
  const ForcedIsa forced(isa());
  EXPECT_THAT(make_cpu_backend({.threads = 1, .isa = ""})->describe(),
              StartsWith("cpu " + isa() + " "));
  for (const Device& device : list_devices()) {
    EXPECT_EQ(device.chosen, device.name == "cpu:" + isa()) << device.name;
  }
}

TEST_P(DevicesOnEachIsa, OptionWinsOverEnvironment) {
  const ForcedIsa forced("portable");
  EXPECT_THAT(make_cpu_backend({.threads = 1, .isa = isa()})->describe(),
              StartsWith("cpu " + isa() + " "));
}

TEST(Devices, BestSupportedLevelIsChosenUnlessForced) {
  const ForcedIsa none("");
  bool chosen = false;
  for (const Device& device : list_devices()) {
    if (chosen || !device.supported) {
      EXPECT_FALSE(device.chosen) << device.name;
    } else {
      EXPECT_TRUE(device.chosen) << device.name;
    }
    chosen = chosen || device.chosen;
  }
  EXPECT_TRUE(chosen);
}

TEST(Devices, UnknownLevelIsRefusedByName) {
  const ForcedIsa forced("avx1024");
  const auto names_both = AllOf(HasSubstr("QUIRE_CPU_ISA 'avx1024' is unknown"),
                                HasSubstr("supported:"), HasSubstr("portable"));
  EXPECT_THAT([] { list_devices(); }, ThrowsMessage<DeviceError>(names_both));
  EXPECT_THAT([] { make_cpu_backend({.threads = 1, .isa = ""}); },
              ThrowsMessage<DeviceError>(names_both));
  EXPECT_THAT([] { make_cpu_backend({.threads = 1, .isa = "sse9"}); },
              ThrowsMessage<DeviceError>(HasSubstr("'sse9'")));
}

TEST(Devices, UnsupportedLevelIsRefusedByNameWithTheReason) {
  const ForcedIsa none("");
  bool any = false;
  for (const Device& device : list_devices()) {
    EXPECT_EQ(device.supported, device.missing.empty()) << device.name;
    if (device.supported) continue;
    any = true;
    const std::string isa = device.name.substr(4);
    EXPECT_THAT([&] { make_cpu_backend({.threads = 1, .isa = isa}); },
                ThrowsMessage<DeviceError>(
                    AllOf(HasSubstr("'" + isa + "'"), HasSubstr(device.missing))));
  }
  if (!any) GTEST_SKIP() << "this CPU supports every level";
}

TEST(Devices, ThreadCountIsDescribedAndChecked) {
  EXPECT_THAT(make_cpu_backend({.threads = 3, .isa = ""})->describe(), HasSubstr("3 threads"));
  EXPECT_THAT([] { make_cpu_backend({.threads = -1, .isa = ""}); },
              ThrowsMessage<DeviceError>(HasSubstr("-1")));
}

}  // namespace
}  // namespace quire::kernels
