#include "scheduler/order.h"

#include <tuple>

namespace quire::scheduler {
namespace {

bool first_come(const Sequence& a, const Sequence& b) {
  return a.arrival < b.arrival;
}

bool by_priority(const Sequence& a, const Sequence& b) {
  return std::tie(a.priority, a.arrival) < std::tie(b.priority, b.arrival);
}

}  // namespace

Before order_of(OrderPolicy policy) noexcept {
  switch (policy) {
    case OrderPolicy::fcfs:
      return first_come;
    case OrderPolicy::priority:
      return by_priority;
  }
  return first_come;
}

}  // namespace quire::scheduler
