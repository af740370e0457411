// Runs a parsed template: scopes, statements, expressions and calls.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/jinja/ast.h"

namespace quire::engine::jinja {

/// One render. Throws RenderError. Thread: caller synchronises.
class Interpreter {
 public:
  Interpreter(const Program& program, Runtime& rt)
      : program_(program), rt_(rt), globals_(program.names.size()) {}

  /// REQUIRES: `variables` is an object; names that the template does not mention are ignored.
  std::string run(const nlohmann::ordered_json& variables);

 private:
  enum class Flow : std::uint8_t { next, break_loop, continue_loop };
  using ScopeRef = std::shared_ptr<Scope>;
  class InScope;
  class IntoBuffer;

  // Names. The outermost scope is `globals_`; scope_ is null there.
  Value lookup(NameId id);
  std::optional<Value> find_variable(NameId id);
  void assign(NameId id, Value value);
  void assign(const Target& target, const Value& value);
  void unpack(const std::vector<Target>& targets, const Value& value);

  // Statements (interpreter.cpp).
  void write(std::string_view text);
  Flow run(const Body& body);
  Flow run(const Stmt& stmt);
  Flow run_node(const Data& data);
  Flow run_node(const Output& output);
  Flow run_node(const If& statement);
  Flow run_node(const ForLoop& loop);
  Flow run_node(const Set& set);
  Flow run_node(const SetBlock& block);
  Flow run_node(const FilterBlock& block);
  Flow run_node(const With& with);
  Flow run_node(const MacroDefinition& definition);
  Flow run_node(const CallBlock& block);
  Flow run_node(const Generation& generation);
  Flow run_node(const Break&) { return Flow::break_loop; }
  Flow run_node(const Continue&) { return Flow::continue_loop; }
  Flow run_loop(const ForLoop& loop, std::vector<Value> items, std::size_t depth0);
  std::vector<Value> kept_items(const ForLoop& loop, const Value& iterable);

  // Expressions (evaluate.cpp).
  Value evaluate(const Expr& expr);
  Value eval_node(const Literal& e) { return e.value; }
  Value eval_node(const Name& e) { return lookup(e.id); }
  Value eval_node(const ListDisplay& e);
  Value eval_node(const TupleDisplay& e);
  Value eval_node(const DictDisplay& e);
  Value eval_node(const Attribute& e);
  Value eval_node(const Subscript& e);
  Value eval_node(const Slice& e);
  Value eval_node(const Call& e);
  Value eval_node(const Filter& e);
  Value eval_node(const Test& e);
  Value eval_node(const Unary& e);
  Value eval_node(const Chain& e);
  Value eval_node(const Comparison& e);
  Value eval_node(const Concat& e);
  Value eval_node(const Logical& e);
  Value eval_node(const Conditional& e);
  bool compare(CompareOp op, const Value& a, const Value& b);
  std::vector<Value> evaluate_all(const Exprs& exprs);
  Args evaluate_args(const CallArgs& args);
  /// A chain of filters whose innermost subject is `text`.
  Value apply_filters(const Expr& filter, const Value& text);

  // Calls (calls.cpp).
  Value call(const Value& callee, Args args);
  Value call_macro(const Callable& callable, Args args);
  Value call_loop(const LoopRef& loop, const Args& args);
  void bind_parameters(const MacroBody& macro, Args& args);
  Value make_macro(const MacroBody& macro);

  const Program& program_;
  Runtime& rt_;
  std::vector<std::optional<Value>> globals_;
  ScopeRef scope_;
  std::string* out_ = nullptr;
  int line_ = 1;  // of what is being evaluated, for messages
};

}  // namespace quire::engine::jinja
