// The syntax tree of a template. Left-associative operator chains are flat, so that long ones are
// evaluated without recursion; everything else nests, and the parser bounds how deep.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/jinja/native.h"
#include "engine/jinja/numbers.h"
#include "engine/jinja/value.h"

namespace quire::engine::jinja {

struct Expr;
struct Stmt;
using ExprPtr = std::unique_ptr<Expr>;
using Exprs = std::vector<ExprPtr>;
using Body = std::vector<Stmt>;

struct Literal {
  Value value;
};
struct Name {
  NameId id;
};
struct ListDisplay {
  Exprs items;
};
struct TupleDisplay {
  Exprs items;
};
struct DictDisplay {
  std::vector<std::pair<ExprPtr, ExprPtr>> entries;
};
struct Attribute {
  ExprPtr subject;
  std::string name;
};
struct Subscript {
  ExprPtr subject;
  ExprPtr key;
};
/// subject[start:stop:step]; absent parts are null.
struct Slice {
  ExprPtr subject;
  ExprPtr start;
  ExprPtr stop;
  ExprPtr step;
};
struct CallArgs {
  Exprs positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star;         // *args
  ExprPtr double_star;  // **kwargs
};
struct Call {
  ExprPtr callee;
  CallArgs args;
};
/// subject | name(args). In a filter block the subject is null: the block's text.
struct Filter {
  ExprPtr subject;
  std::string name;
  Native native;  // null: fails when evaluated, naming it
  CallArgs args;
};
/// subject is [not] name(args).
struct Test {
  ExprPtr subject;
  std::string name;
  Native native;
  CallArgs args;
  bool negated = false;
};
enum class UnaryOp : std::uint8_t { negate, plus, logical_not };
struct Unary {
  UnaryOp op;
  ExprPtr operand;
};
/// first op rest[0] op rest[1] ..., from the left.
struct Chain {
  ExprPtr first;
  std::vector<std::pair<Arithmetic, ExprPtr>> rest;
};
enum class CompareOp : std::uint8_t {
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in
};
struct Comparison {
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
struct Concat {
  Exprs parts;
};
/// a and b and ..., or a or b or ...
struct Logical {
  bool conjunction;
  Exprs operands;
};
/// yes if condition else no; `no` may be null.
struct Conditional {
  ExprPtr condition;
  ExprPtr yes;
  ExprPtr no;
};

struct Expr {
  using Node = std::variant<Literal, Name, ListDisplay, TupleDisplay, DictDisplay, Attribute,
                            Subscript, Slice, Call, Filter, Test, Unary, Chain, Comparison, Concat,
                            Logical, Conditional>;
  Node node;
  int line;
  int height;  // nodes on the longest path down
};

/// The greatest height among the node's children; 0 for leaves.
int height_below(const Expr::Node& node);

/// What an assignment binds: a name, ns.attribute, or several targets that unpack a sequence.
struct Target {
  std::optional<NameId> name;
  std::string attribute;  // of the namespace `name` when not empty
  std::vector<Target> several;
};

struct Data {
  std::string text;
};
struct Output {
  Exprs values;
};
struct If {
  std::vector<std::pair<ExprPtr, Body>> branches;
  Body otherwise;
};
struct ForLoop {
  Target target;
  ExprPtr iterable;
  ExprPtr condition;  // null: every item
  bool recursive = false;
  Body body;
  Body otherwise;
};
struct Set {
  Target target;
  ExprPtr value;
};
struct SetBlock {
  Target target;
  ExprPtr filter;  // a chain of Filter nodes whose innermost subject is null, or null
  Body body;
};
struct FilterBlock {
  ExprPtr filter;
  Body body;
};
struct With {
  std::vector<std::pair<Target, ExprPtr>> bindings;
  Body body;
};
/// Parameters and body of a macro or of a call block.
struct MacroBody {
  std::string name;
  std::vector<NameId> parameters;
  Exprs defaults;  // of the last parameters
  Body body;
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};
struct MacroDefinition {
  NameId name;
  std::unique_ptr<MacroBody> macro;
};
struct CallBlock {
  ExprPtr call;
  std::unique_ptr<MacroBody> caller;
};
/// {% generation %}: its body, in a scope of its own.
struct Generation {
  Body body;
};
struct Break {};
struct Continue {};

struct Stmt {
  using Node = std::variant<Data, Output, If, ForLoop, Set, SetBlock, FilterBlock, With,
                            MacroDefinition, CallBlock, Generation, Break, Continue>;
  Node node;
  int line;
};

/// Well-known names have fixed numbers.
struct KnownNames {
  static constexpr NameId loop = 0;
  static constexpr NameId caller = 1;
  static constexpr NameId varargs = 2;
  static constexpr NameId kwargs = 3;
};

struct Program {
  std::vector<std::string> names;  // by NameId
  Body body;
};

}  // namespace quire::engine::jinja
