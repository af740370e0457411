#include "kernels/cpu/workers.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_scheduler_observer.h>

#include <optional>

#include "kernels/cpu/thread_waits.h"

namespace quire::kernels::cpu {

std::int32_t usable_cores() {
  return oneapi::tbb::info::default_concurrency();
}

namespace {

/// Makes every thread that enters an arena known to its ThreadWaits.
class Arrivals final : public oneapi::tbb::task_scheduler_observer {
 public:
  Arrivals(oneapi::tbb::task_arena& arena, ThreadWaits& waits)
      : task_scheduler_observer(arena), waits_(waits) {
    observe(true);
  }
  ~Arrivals() override { observe(false); }

  void on_scheduler_entry(bool /*is_worker*/) override { waits_.add_this_thread(); }

 private:
  ThreadWaits& waits_;
};

}  // namespace

struct Workers::Arena {
  // TBB starts no more workers than cores unless told so. The smallest of all such limits in the
  // process counts, therefore none is set that could lower somebody else's.
  explicit Arena(std::int32_t threads) : arena(threads), waits(threads) {
    if (threads > oneapi::tbb::info::default_concurrency()) {
      limit.emplace(oneapi::tbb::global_control::max_allowed_parallelism,
                    static_cast<std::size_t>(threads));
    }
  }

  std::optional<oneapi::tbb::global_control> limit;
  oneapi::tbb::task_arena arena;
  ThreadWaits waits;
  Arrivals arrivals{arena, waits};
};

Workers::Workers(std::int32_t threads)
    : count_(threads), arena_(std::make_unique<Arena>(threads)) {}

Workers::~Workers() = default;

void Workers::begin_step() {
  if (most_threads() > 1 && count_.due(busy_)) count_.next(busy_, arena_->waits.total());
}

void Workers::run(std::int32_t parts, Call function, const void* kernel) {
  arena_->arena.execute([&] {
    oneapi::tbb::parallel_for(
        std::int32_t{0}, parts, [&](std::int32_t part) { function(*this, kernel, part); },
        oneapi::tbb::static_partitioner{});
  });
}

}  // namespace quire::kernels::cpu
