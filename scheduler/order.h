// Order policies: who goes first. One total order serves everything: running sequences are planned
// and waiting ones admitted from its front, and preemption takes from its back.
#pragma once

#include "scheduler/config.h"
#include "scheduler/sequence.h"

namespace quire::scheduler {

/// Whether `a` goes before `b`. A strict total order that does not change while a sequence lives,
/// so a preempted sequence returns to its place: in front of everyone who may not overtake it.
using Before = bool (*)(const Sequence& a, const Sequence& b);

/// Thread: any.
Before order_of(OrderPolicy policy) noexcept;

}  // namespace quire::scheduler
