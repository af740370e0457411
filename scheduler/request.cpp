#include "scheduler/request.h"

namespace quire::scheduler {

std::string_view name_of(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "abort";
    case FinishReason::error:
      return "error";
  }
  return "error";
}

}  // namespace quire::scheduler
