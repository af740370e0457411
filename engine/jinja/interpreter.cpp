// Names and statements.
#include "engine/jinja/interpreter.h"

#include <nlohmann/json.hpp>

#include "engine/jinja/json.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"
#include "engine/jinja/scopes.h"

namespace quire::engine::jinja {

std::string Interpreter::run(const nlohmann::ordered_json& variables) {
  for (std::size_t id = 0; id < globals_.size(); ++id) {
    const auto variable = variables.find(program_.names[id]);
    if (variable != variables.end()) {
      globals_[id] = from_json(rt_, *variable);
    } else if (const Native global = find_global(program_.names[id])) {
      auto callable = std::make_shared<Callable>();
      callable->name = program_.names[id];
      callable->native = global;
      globals_[id] = CallableRef(std::move(callable));
    }
  }
  std::string out;
  out_ = &out;
  try {
    run(program_.body);
  } catch (RenderError& error) {
    if (error.error.kind == TemplateError::Kind::runtime) {
      error.error.message += " (line " + std::to_string(line_) + " of the chat template)";
    }
    throw;
  }
  return out;
}

std::optional<Value> Interpreter::find_variable(NameId id) {
  for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->parent.get()) {
    rt_.budget.spend(scope->variables.size() / 16);
    for (const auto& [name, value] : scope->variables) {
      if (name == id) return value;
    }
  }
  return globals_[id];
}

Value Interpreter::lookup(NameId id) {
  if (auto found = find_variable(id)) return std::move(*found);
  return undefined("'" + program_.names[id] + "' is undefined");
}

void Interpreter::assign(NameId id, Value value) {
  if (scope_ == nullptr) {
    globals_[id] = std::move(value);
    return;
  }
  rt_.budget.spend(scope_->variables.size() / 16);
  for (auto& [name, old] : scope_->variables) {
    if (name == id) {
      old = std::move(value);
      return;
    }
  }
  scope_->variables.emplace_back(id, std::move(value));
}

void Interpreter::unpack(const std::vector<Target>& targets, const Value& value) {
  const std::vector<Value> items = items_of(rt_, value);
  if (items.size() < targets.size()) {
    fail("not enough values to unpack (expected " + std::to_string(targets.size()) + ", got " +
         std::to_string(items.size()) + ")");
  }
  if (items.size() > targets.size()) {
    fail("too many values to unpack (expected " + std::to_string(targets.size()) + ")");
  }
  for (std::size_t i = 0; i < targets.size(); ++i) assign(targets[i], items[i]);
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (!target.name) return unpack(target.several, value);
  if (target.attribute.empty()) return assign(*target.name, value);
  const Value owner = lookup(*target.name);
  const NamespaceRef* names = owner.get_if<NamespaceRef>();
  if (names == nullptr) fail("cannot assign attribute on non-namespace object");
  auto& attributes = (*names)->attributes;
  rt_.budget.spend(1 + attributes.size() / 8);
  for (auto& [name, old] : attributes) {
    if (name == target.attribute) {
      old = value;
      return;
    }
  }
  attributes.emplace_back(target.attribute, value);
}

void Interpreter::write(std::string_view text) {
  rt_.budget.check_text(out_->size() + text.size());
  rt_.budget.spend_bytes(text.size());
  *out_ += text;
}

Interpreter::Flow Interpreter::run(const Body& body) {
  for (const Stmt& stmt : body) {
    if (const Flow flow = run(stmt); flow != Flow::next) return flow;
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::run(const Stmt& stmt) {
  rt_.budget.spend();
  line_ = stmt.line;
  return std::visit([this](const auto& node) { return run_node(node); }, stmt.node);
}

Interpreter::Flow Interpreter::run_node(const Data& data) {
  write(data.text);
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const Output& output) {
  for (const ExprPtr& expr : output.values) {
    const Value value = evaluate(*expr);
    if (const Text* text = value.text()) {
      write(text->bytes);
    } else {
      write(str_of(rt_, value));
    }
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const If& statement) {
  const Budget::Level level(rt_.budget);
  for (const auto& [condition, body] : statement.branches) {
    if (truthy(evaluate(*condition))) return run(body);
  }
  return run(statement.otherwise);
}

std::vector<Value> Interpreter::kept_items(const ForLoop& loop, const Value& iterable) {
  std::vector<Value> items = items_of(rt_, iterable);
  if (loop.condition == nullptr) return items;
  std::vector<Value> kept;
  for (Value& item : items) {
    const InScope inside(*this, InScope::inner(*this));
    assign(loop.target, item);
    if (truthy(evaluate(*loop.condition))) kept.push_back(std::move(item));
  }
  return kept;
}

Interpreter::Flow Interpreter::run_node(const ForLoop& loop) {
  const Value iterable = evaluate(*loop.iterable);
  return run_loop(loop, kept_items(loop, iterable), 0);
}

Interpreter::Flow Interpreter::run_loop(const ForLoop& loop, std::vector<Value> items,
                                        std::size_t depth0) {
  const Budget::Level level(rt_.budget);
  auto state = std::make_shared<LoopState>();
  state->items = std::move(items);
  state->depth = rt_.list(state->items).sequence()->depth;
  state->depth0 = depth0;
  if (loop.recursive) state->body = &loop;
  state->scope = scope_;
  for (std::size_t i = 0; i < state->items.size(); ++i) {
    rt_.budget.spend();
    state->index0 = i;
    const InScope inside(*this, InScope::inner(*this));
    assign(KnownNames::loop, Value(state));
    assign(loop.target, state->items[i]);
    if (run(loop.body) == Flow::break_loop) break;
  }
  if (!state->items.empty()) return Flow::next;
  const InScope inside(*this, InScope::inner(*this));
  return run(loop.otherwise);
}

Interpreter::Flow Interpreter::run_node(const Set& set) {
  assign(set.target, evaluate(*set.value));
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const SetBlock& block) {
  const Budget::Level level(rt_.budget);
  IntoBuffer buffer(*this);
  {
    const InScope inside(*this, InScope::inner(*this));
    if (const Flow flow = run(block.body); flow != Flow::next) return flow;
  }
  Value text = rt_.text(buffer.take());
  assign(block.target, block.filter == nullptr ? text : apply_filters(*block.filter, text));
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const FilterBlock& block) {
  const Budget::Level level(rt_.budget);
  std::string text;
  {
    IntoBuffer buffer(*this);
    const InScope inside(*this, InScope::inner(*this));
    if (const Flow flow = run(block.body); flow != Flow::next) return flow;
    text = buffer.take();
  }
  write(str_of(rt_, apply_filters(*block.filter, rt_.text(std::move(text)))));
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const With& with) {
  const Budget::Level level(rt_.budget);
  std::vector<Value> values;
  for (const auto& [target, value] : with.bindings) values.push_back(evaluate(*value));
  const InScope inside(*this, InScope::inner(*this));
  for (std::size_t i = 0; i < values.size(); ++i) assign(with.bindings[i].first, values[i]);
  return run(with.body);
}

Interpreter::Flow Interpreter::run_node(const MacroDefinition& definition) {
  assign(definition.name, make_macro(*definition.macro));
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const CallBlock& block) {
  const Budget::Level level(rt_.budget);
  const Value caller = make_macro(*block.caller);
  const Call& node = std::get<Call>(block.call->node);
  const Value callee = evaluate(*node.callee);
  Args args = evaluate_args(node.args);
  args.named.emplace_back("caller", caller);
  write(str_of(rt_, call(callee, std::move(args))));
  return Flow::next;
}

Interpreter::Flow Interpreter::run_node(const Generation& generation) {
  const Budget::Level level(rt_.budget);
  const InScope inside(*this, InScope::inner(*this));
  return run(generation.body);
}

}  // namespace quire::engine::jinja
