#include "kernels/cpu/workers.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <optional>

namespace quire::kernels::cpu {

std::int32_t usable_cores() {
  return oneapi::tbb::info::default_concurrency();
}

struct Workers::Arena {
  // TBB starts no more workers than cores unless told so. The smallest of all such limits in the
  // process counts, therefore none is set that could lower somebody else's.
  explicit Arena(std::int32_t threads) : arena(threads) {
    if (threads > oneapi::tbb::info::default_concurrency()) {
      limit.emplace(oneapi::tbb::global_control::max_allowed_parallelism,
                    static_cast<std::size_t>(threads));
    }
  }

  std::optional<oneapi::tbb::global_control> limit;
  oneapi::tbb::task_arena arena;
};

Workers::Workers(std::int32_t threads)
    : threads_(threads), arena_(std::make_unique<Arena>(threads)) {}

Workers::~Workers() = default;

void Workers::run(std::int32_t parts, Call function, const void* kernel) {
  arena_->arena.execute([&] {
    oneapi::tbb::parallel_for(
        std::int32_t{0}, parts, [&](std::int32_t part) { function(*this, kernel, part); },
        oneapi::tbb::static_partitioner{});
  });
}

}  // namespace quire::kernels::cpu
