#include "kernels/opencl/staged_ints.h"

#include <algorithm>
#include <bit>

namespace quire::kernels::opencl {

StagedInts::~StagedInts() {
  for (const Turn& turn : turns_) {
    if (!turn.written) continue;
    const cl_event event = turn.written.get();
    clWaitForEvents(1, &event);  // the memory below is the source of the write
  }
}

std::vector<std::int32_t>& StagedInts::begin() {
  turn_ = (turn_ + 1) % kTurns;
  Turn& turn = turns_[turn_];
  if (turn.written) {
    const cl_event event = turn.written.get();
    clWaitForEvents(1, &event);
    turn.written = EventHandle();
  }
  turn.ints.clear();
  return turn.ints;
}

cl_mem StagedInts::send(ClContext& context) {
  Turn& turn = turns_[turn_];
  const std::size_t bytes = std::max<std::size_t>(turn.ints.size(), 1) * sizeof(std::int32_t);
  memory_ = scratch_.reserve(context, std::bit_ceil(bytes));
  if (!turn.ints.empty()) {
    turn.written =
        context.write_later(memory_, turn.ints.size() * sizeof(std::int32_t), turn.ints.data());
  }
  return memory_;
}

}  // namespace quire::kernels::opencl
