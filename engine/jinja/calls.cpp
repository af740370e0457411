// Calls of functions, methods, macros and recursive loops.
#include "engine/jinja/interpreter.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/scopes.h"

namespace quire::engine::jinja {

Value Interpreter::make_macro(const MacroBody& macro) {
  auto made = std::make_shared<Callable>();
  made->name = macro.name;
  made->macro = &macro;
  made->scope = scope_;
  if (scope_ != nullptr) rt_.keep(scope_);
  return CallableRef(std::move(made));
}

Value Interpreter::call(const Value& callee, Args args) {
  rt_.budget.spend();
  require_defined(callee);
  if (const LoopRef* loop = callee.get_if<LoopRef>()) return call_loop(*loop, args);
  const CallableRef* callable = callee.get_if<CallableRef>();
  if (callable == nullptr) fail("'" + std::string(type_name(callee)) + "' object is not callable");
  if ((*callable)->macro != nullptr) return call_macro(**callable, std::move(args));
  return (*callable)->native(rt_, (*callable)->self, args);
}

/// Binds in the current scope, which is the macro's own.
void Interpreter::bind_parameters(const MacroBody& macro, Args& args) {
  const std::size_t count = macro.parameters.size();
  const auto take_named = [&args](std::string_view name) -> std::optional<Value> {
    for (auto it = args.named.begin(); it != args.named.end(); ++it) {
      if (it->first != name) continue;
      Value value = std::move(it->second);
      args.named.erase(it);
      return value;
    }
    return std::nullopt;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = program_.names[macro.parameters[i]];
    std::optional<Value> given;
    if (i < args.positional.size()) {
      given = args.positional[i];
    } else {
      given = take_named(name);
    }
    const std::size_t without_default = count - macro.defaults.size();
    if (!given && i >= without_default) given = evaluate(*macro.defaults[i - without_default]);
    assign(macro.parameters[i],
           given ? std::move(*given) : undefined("parameter '" + name + "' was not provided"));
  }
  if (macro.uses_caller) {
    auto caller = take_named("caller");
    assign(KnownNames::caller, caller ? std::move(*caller) : undefined("No caller defined"));
  }
  if (macro.uses_kwargs) {
    std::vector<Dict::Entry> entries;
    for (auto& [name, value] : args.named) entries.emplace_back(rt_.text(name), std::move(value));
    assign(KnownNames::kwargs, rt_.dict(std::move(entries)));
  } else if (!args.named.empty()) {
    fail("macro '" + macro.name + "' takes no keyword argument '" + args.named.front().first + "'");
  }
  if (macro.uses_varargs) {
    std::vector<Value> rest;
    for (std::size_t i = count; i < args.positional.size(); ++i) rest.push_back(args.positional[i]);
    assign(KnownNames::varargs, rt_.tuple(std::move(rest)));
  } else if (args.positional.size() > count) {
    fail("macro '" + macro.name + "' takes not more than " + std::to_string(count) +
         " argument(s)");
  }
}

Value Interpreter::call_macro(const Callable& callable, Args args) {
  const Budget::Level level(rt_.budget);
  const MacroBody& macro = *callable.macro;
  auto scope = std::make_shared<Scope>();
  scope->parent = callable.scope;
  const int line = line_;
  IntoBuffer buffer(*this);
  {
    const InScope inside(*this, std::move(scope));
    bind_parameters(macro, args);
    run(macro.body);
  }
  line_ = line;
  return rt_.text(buffer.take());
}

Value Interpreter::call_loop(const LoopRef& loop, const Args& args) {
  if (loop->body == nullptr) {
    fail("The loop must have the 'recursive' marker to be called recursively.");
  }
  if (args.positional.size() != 1 || !args.named.empty()) fail("loop() takes one iterable");
  const Budget::Level level(rt_.budget);
  const InScope inside(*this, loop->scope.lock());
  IntoBuffer buffer(*this);
  run_loop(*loop->body, kept_items(*loop->body, args.positional[0]), loop->depth0 + 1);
  return rt_.text(buffer.take());
}

}  // namespace quire::engine::jinja
