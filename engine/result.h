// Result<T, E>: a value or an expected refusal. Errors are part of the signature, not of the control
// flow: nothing throws where a Result is returned.
#pragma once

#include <utility>
#include <variant>

#include "kernels/invariant.h"

namespace quire::engine {

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// REQUIRES: ok().
  T& value() & {
    INVARIANT(ok(), "value() of a Result that holds an error");
    return std::get<0>(state_);
  }
  const T& value() const& {
    INVARIANT(ok(), "value() of a Result that holds an error");
    return std::get<0>(state_);
  }
  T&& value() && {
    INVARIANT(ok(), "value() of a Result that holds an error");
    return std::get<0>(std::move(state_));
  }
  /// REQUIRES: !ok().
  const E& error() const {
    INVARIANT(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, E> state_;
};

}  // namespace quire::engine
