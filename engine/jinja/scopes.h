// The interpreter's guards: they put back what they changed, also when the render is given up.
#pragma once

#include "engine/jinja/interpreter.h"

namespace quire::engine::jinja {

/// Runs inside `scope` while it lives.
class Interpreter::InScope {
 public:
  InScope(Interpreter& interpreter, ScopeRef scope)
      : interpreter_(interpreter), outer_(std::exchange(interpreter.scope_, std::move(scope))) {}
  InScope(const InScope&) = delete;
  InScope& operator=(const InScope&) = delete;
  ~InScope() { interpreter_.scope_ = std::move(outer_); }

  /// A new scope inside the current one.
  static ScopeRef inner(Interpreter& interpreter) {
    auto scope = std::make_shared<Scope>();
    scope->parent = interpreter.scope_;
    return scope;
  }

 private:
  Interpreter& interpreter_;
  ScopeRef outer_;
};

/// Collects what is written while it lives.
class Interpreter::IntoBuffer {
 public:
  explicit IntoBuffer(Interpreter& interpreter)
      : interpreter_(interpreter), outer_(std::exchange(interpreter.out_, &text_)) {}
  IntoBuffer(const IntoBuffer&) = delete;
  IntoBuffer& operator=(const IntoBuffer&) = delete;
  ~IntoBuffer() { interpreter_.out_ = outer_; }

  std::string take() { return std::move(text_); }

 private:
  Interpreter& interpreter_;
  std::string* outer_;
  std::string text_;
};

}  // namespace quire::engine::jinja
