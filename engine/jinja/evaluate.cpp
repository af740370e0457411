// Expressions.
#include "engine/jinja/interpreter.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/repr.h"

namespace quire::engine::jinja {

Value Interpreter::evaluate(const Expr& expr) {
  rt_.budget.spend();
  if (const Literal* literal = std::get_if<Literal>(&expr.node)) return literal->value;
  if (const Name* name = std::get_if<Name>(&expr.node)) return lookup(name->id);
  const Budget::Level level(rt_.budget);
  return std::visit([this](const auto& node) { return eval_node(node); }, expr.node);
}

std::vector<Value> Interpreter::evaluate_all(const Exprs& exprs) {
  std::vector<Value> values;
  values.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) values.push_back(evaluate(*expr));
  return values;
}

Value Interpreter::eval_node(const ListDisplay& e) {
  return rt_.list(evaluate_all(e.items));
}
Value Interpreter::eval_node(const TupleDisplay& e) {
  return rt_.tuple(evaluate_all(e.items));
}

Value Interpreter::eval_node(const DictDisplay& e) {
  std::vector<Dict::Entry> entries;
  entries.reserve(e.entries.size());
  for (const auto& [key, value] : e.entries) {
    Value made_key = evaluate(*key);
    entries.emplace_back(std::move(made_key), evaluate(*value));
  }
  return rt_.dict(std::move(entries));
}

Value Interpreter::eval_node(const Attribute& e) {
  return get_attribute(rt_, evaluate(*e.subject), e.name);
}

Value Interpreter::eval_node(const Subscript& e) {
  const Value subject = evaluate(*e.subject);
  return get_item(rt_, subject, evaluate(*e.key));
}

Value Interpreter::eval_node(const Slice& e) {
  const Value subject = evaluate(*e.subject);
  const auto bound = [this](const ExprPtr& expr) {
    return expr == nullptr ? Value(None{}) : evaluate(*expr);
  };
  SliceBounds bounds{.start = bound(e.start), .stop = {}, .step = {}};
  bounds.stop = bound(e.stop);
  bounds.step = bound(e.step);
  return slice(rt_, subject, bounds);
}

Args Interpreter::evaluate_args(const CallArgs& args) {
  Args values{.positional = evaluate_all(args.positional), .named = {}};
  for (const auto& [name, expr] : args.named) values.named.emplace_back(name, evaluate(*expr));
  if (args.star != nullptr) {
    for (Value& item : items_of(rt_, evaluate(*args.star)))
      values.positional.push_back(std::move(item));
  }
  if (args.double_star != nullptr) {
    const Value more = evaluate(*args.double_star);
    const Dict* dict = more.dict();
    if (dict == nullptr)
      fail("argument after ** must be a mapping, not " + std::string(type_name(more)));
    rt_.budget.spend(dict->entries.size());
    for (const auto& [key, value] : dict->entries) {
      if (key.text() == nullptr) fail("keywords must be strings");
      values.named.emplace_back(key.text()->bytes, value);
    }
  }
  return values;
}

Value Interpreter::eval_node(const Call& e) {
  const Value callee = evaluate(*e.callee);
  return call(callee, evaluate_args(e.args));
}

Value Interpreter::eval_node(const Filter& e) {
  const Value subject = evaluate(*e.subject);
  if (e.native == nullptr) fail("No filter named '" + e.name + "' found.");
  return e.native(rt_, subject, evaluate_args(e.args));
}

Value Interpreter::apply_filters(const Expr& filter, const Value& text) {
  const Budget::Level level(rt_.budget);
  const Filter& e = std::get<Filter>(filter.node);
  const Value subject = e.subject == nullptr ? text : apply_filters(*e.subject, text);
  if (e.native == nullptr) fail("No filter named '" + e.name + "' found.");
  return e.native(rt_, subject, evaluate_args(e.args));
}

Value Interpreter::eval_node(const Test& e) {
  const Value subject = evaluate(*e.subject);
  if (e.native == nullptr) fail("No test named '" + e.name + "' found.");
  return truthy(e.native(rt_, subject, evaluate_args(e.args))) != e.negated;
}

Value Interpreter::eval_node(const Unary& e) {
  const Value operand = evaluate(*e.operand);
  switch (e.op) {
    case UnaryOp::negate:
      return negate(operand);
    case UnaryOp::plus:
      return plus(operand);
    case UnaryOp::logical_not:
      return !truthy(operand);
  }
  fail("unknown operator");
}

Value Interpreter::eval_node(const Chain& e) {
  Value value = evaluate(*e.first);
  for (const auto& [op, operand] : e.rest) value = binary(rt_, op, value, evaluate(*operand));
  return value;
}

bool Interpreter::compare(CompareOp op, const Value& a, const Value& b) {
  switch (op) {
    case CompareOp::equal:
      return equals(rt_, a, b);
    case CompareOp::unequal:
      return !equals(rt_, a, b);
    case CompareOp::less:
      return ordered(rt_, Order::less, a, b);
    case CompareOp::less_equal:
      return ordered(rt_, Order::less_equal, a, b);
    case CompareOp::greater:
      return ordered(rt_, Order::greater, a, b);
    case CompareOp::greater_equal:
      return ordered(rt_, Order::greater_equal, a, b);
    case CompareOp::in:
      return contains(rt_, b, a);
    case CompareOp::not_in:
      return !contains(rt_, b, a);
  }
  fail("unknown comparison");
}

Value Interpreter::eval_node(const Comparison& e) {
  Value left = evaluate(*e.first);
  for (const auto& [op, operand] : e.rest) {
    Value right = evaluate(*operand);
    if (!compare(op, left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::eval_node(const Concat& e) {
  std::string joined;
  for (const ExprPtr& part : e.parts) {
    joined += str_of(rt_, evaluate(*part));
    rt_.budget.check_text(joined.size());
  }
  return rt_.text(std::move(joined));
}

Value Interpreter::eval_node(const Logical& e) {
  Value value;
  for (const ExprPtr& operand : e.operands) {
    value = evaluate(*operand);
    if (truthy(value) != e.conjunction) break;
  }
  return value;
}

Value Interpreter::eval_node(const Conditional& e) {
  if (truthy(evaluate(*e.condition))) return evaluate(*e.yes);
  if (e.no != nullptr) return evaluate(*e.no);
  return undefined("the inline if-expression evaluated to false and no else section was defined.");
}

}  // namespace quire::engine::jinja
