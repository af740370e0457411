#include "scheduler/step_runner.h"

#include "kernels/devices.h"

namespace quire::scheduler {

void ExecutorStepRunner::run(std::span<const engine::SequenceStep> steps,
                             std::span<engine::SequenceResult> results) {
  try {
    executor_.run(steps, results);
  } catch (const kernels::DeviceLost&) {
    throw;
  } catch (const kernels::DeviceError& error) {
    throw StepFailed(error.what());
  }
}

}  // namespace quire::scheduler
