// What the real StepRunner makes of the device's errors.
#include "scheduler/step_runner.h"

#include <gtest/gtest.h>

#include "kernels/devices.h"
#include "tests/engine/counting_backend.h"
#include "tests/support/tiny_model.h"

namespace quire::scheduler {
namespace {

/// Fails where a step begins.
class FailingBackend final : public engine::test::CountingBackend {
 public:
  using CountingBackend::CountingBackend;
  void begin_step(const kernels::BatchView&) override {
    if (lost) throw kernels::DeviceLost("the device was lost");
    throw kernels::DeviceError("out of memory");
  }
  bool lost = false;
};

class StepRunnerErrors : public ::testing::Test {
 protected:
  void run() {
    engine::SequenceResult result;
    const engine::SequenceStep step{.tokens = tokens_,
                                    .prompt_tokens = 1,
                                    .first_position = 0,
                                    .rows = 1,
                                    .blocks = blocks_,
                                    .sampling = &sampling_,
                                    .sample = true};
    runner_.run({&step, 1}, {&result, 1});
  }

  FailingBackend backend_{kernels::make_reference_backend(), 0};
  quire::testing::TinyModel files_;
  engine::Model model_ = files_.load(backend_);
  engine::Executor executor_{
      model_, backend_, {.max_batch_rows = 4, .max_sequences = 1, .kv_blocks = 1}};
  ExecutorStepRunner runner_{executor_};
  std::vector<engine::TokenId> tokens_{7};
  std::vector<engine::BlockId> blocks_{engine::BlockId{0}};
  engine::SamplingParams sampling_;
};

TEST_F(StepRunnerErrors, FailedStepLetsTheNextOneTry) {
  EXPECT_THROW(run(), StepFailed);
}

// Anything but StepFailed ends the engine thread: EngineThread.StopsForGoodAfterAnyOtherException.
TEST_F(StepRunnerErrors, LostDeviceIsNoFailedStep) {
  backend_.lost = true;
  EXPECT_THROW(run(), kernels::DeviceLost);
}

}  // namespace
}  // namespace quire::scheduler
