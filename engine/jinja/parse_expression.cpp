// The expression half of the parser.
#include <algorithm>

#include "engine/jinja/parser.h"

namespace quire::engine::jinja {
ExprPtr Parser::make(Expr::Node node, int line) const {
  const int height = 1 + height_below(node);
  if (height > kMaxSourceNesting) fail_here("expressions nest too deep");
  return std::make_unique<Expr>(Expr{.node = std::move(node), .line = line, .height = height});
}

ExprPtr Parser::parse_expression(bool with_condition) {
  const Nesting nesting(*this);
  return with_condition ? parse_conditional() : parse_logical(false);
}

ExprPtr Parser::parse_conditional() {
  const Nesting nesting(*this);
  const int line = current().line;
  const std::size_t unknown_before = unknown_.size();
  ExprPtr value = parse_logical(false);
  while (skip_name("if")) {
    unknown_.resize(unknown_before);
    ++branches_;
    Conditional conditional{
        .condition = parse_logical(false), .yes = std::move(value), .no = nullptr};
    if (skip_name("else")) conditional.no = parse_conditional();
    --branches_;
    value = make(std::move(conditional), line);
  }
  return value;
}

ExprPtr Parser::parse_logical(bool conjunction) {
  const int line = current().line;
  const auto operand = [&] { return conjunction ? parse_not() : parse_logical(true); };
  ExprPtr first = operand();
  if (!at_name(conjunction ? "and" : "or")) return first;
  Logical logical{.conjunction = conjunction, .operands = {}};
  logical.operands.push_back(std::move(first));
  while (skip_name(conjunction ? "and" : "or")) logical.operands.push_back(operand());
  return make(std::move(logical), line);
}

ExprPtr Parser::parse_not() {
  const Nesting nesting(*this);
  const int line = current().line;
  if (!skip_name("not")) return parse_comparison();
  return make(Unary{.op = UnaryOp::logical_not, .operand = parse_not()}, line);
}

ExprPtr Parser::parse_comparison() {
  constexpr std::pair<std::string_view, CompareOp> kOps[] = {
      {"==", CompareOp::equal}, {"!=", CompareOp::unequal},       {"<=", CompareOp::less_equal},
      {"<", CompareOp::less},   {">=", CompareOp::greater_equal}, {">", CompareOp::greater}};
  const int line = current().line;
  Comparison comparison{.first = parse_sum(), .rest = {}};
  while (true) {
    const auto op = std::find_if(std::begin(kOps), std::end(kOps),
                                 [this](const auto& candidate) { return at_op(candidate.first); });
    if (op != std::end(kOps)) {
      take();
      comparison.rest.emplace_back(op->second, parse_sum());
    } else if (skip_name("in")) {
      comparison.rest.emplace_back(CompareOp::in, parse_sum());
    } else if (at_name("not") && ahead().type == TokenType::name && ahead().text == "in") {
      take();
      take();
      comparison.rest.emplace_back(CompareOp::not_in, parse_sum());
    } else {
      break;
    }
  }
  if (comparison.rest.empty()) return std::move(comparison.first);
  return make(std::move(comparison), line);
}

ExprPtr Parser::parse_sum() {
  const int line = current().line;
  Chain chain{.first = parse_concat(), .rest = {}};
  while (at_op("+") || at_op("-")) {
    const Arithmetic op = take().text == "+" ? Arithmetic::add : Arithmetic::sub;
    chain.rest.emplace_back(op, parse_concat());
  }
  if (chain.rest.empty()) return std::move(chain.first);
  return make(std::move(chain), line);
}

ExprPtr Parser::parse_concat() {
  const int line = current().line;
  ExprPtr first = parse_product();
  if (!at_op("~")) return first;
  Concat concat;
  concat.parts.push_back(std::move(first));
  while (skip_op("~")) concat.parts.push_back(parse_product());
  return make(std::move(concat), line);
}

ExprPtr Parser::parse_product() {
  constexpr std::pair<std::string_view, Arithmetic> kOps[] = {{"*", Arithmetic::mul},
                                                              {"//", Arithmetic::floor_div},
                                                              {"/", Arithmetic::div},
                                                              {"%", Arithmetic::mod}};
  const int line = current().line;
  Chain chain{.first = parse_power(), .rest = {}};
  while (true) {
    const auto op = std::find_if(std::begin(kOps), std::end(kOps),
                                 [this](const auto& candidate) { return at_op(candidate.first); });
    if (op == std::end(kOps)) break;
    take();
    chain.rest.emplace_back(op->second, parse_power());
  }
  if (chain.rest.empty()) return std::move(chain.first);
  return make(std::move(chain), line);
}

ExprPtr Parser::parse_power() {
  const int line = current().line;
  Chain chain{.first = parse_unary(true), .rest = {}};
  while (skip_op("**")) chain.rest.emplace_back(Arithmetic::pow, parse_unary(true));
  if (chain.rest.empty()) return std::move(chain.first);
  return make(std::move(chain), line);
}

ExprPtr Parser::parse_unary(bool with_filter) {
  const Nesting nesting(*this);
  const int line = current().line;
  ExprPtr value;
  if (skip_op("-")) {
    value = make(Unary{.op = UnaryOp::negate, .operand = parse_unary(false)}, line);
  } else if (skip_op("+")) {
    value = make(Unary{.op = UnaryOp::plus, .operand = parse_unary(false)}, line);
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filter ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

ExprPtr Parser::parse_name_or_constant() {
  const Token token = take();
  if (token.text == "true" || token.text == "True") return make(Literal{true}, token.line);
  if (token.text == "false" || token.text == "False") return make(Literal{false}, token.line);
  if (token.text == "none" || token.text == "None") return make(Literal{None{}}, token.line);
  for (MacroBody* macro : macros_) {
    macro->uses_varargs |= token.text == "varargs";
    macro->uses_kwargs |= token.text == "kwargs";
    macro->uses_caller |= token.text == "caller";
  }
  return make(Name{intern(token.text)}, token.line);
}

ExprPtr Parser::parse_primary() {
  const int line = current().line;
  switch (current().type) {
    case TokenType::name:
      return parse_name_or_constant();
    case TokenType::text: {
      std::string text;
      while (current().type == TokenType::text) text += take().text;
      return make(Literal{literal_text(std::move(text))}, line);
    }
    case TokenType::integer:
      return make(Literal{take().integer}, line);
    case TokenType::real:
      return make(Literal{take().real}, line);
    default:
      break;
  }
  if (skip_op("(")) {
    ExprPtr inner = parse_tuple({.parenthesized = true});
    expect_op(")");
    return inner;
  }
  if (skip_op("[")) return parse_list();
  if (skip_op("{")) return parse_dict();
  fail_unexpected("an expression");
}

ExprPtr Parser::parse_list() {
  const int line = current().line;
  ListDisplay list;
  while (!at_op("]")) {
    if (!list.items.empty()) expect_op(",");
    if (at_op("]")) break;
    list.items.push_back(parse_expression());
  }
  expect_op("]");
  return make(std::move(list), line);
}

ExprPtr Parser::parse_dict() {
  const int line = current().line;
  DictDisplay dict;
  while (!at_op("}")) {
    if (!dict.entries.empty()) expect_op(",");
    if (at_op("}")) break;
    ExprPtr key = parse_expression();
    expect_op(":");
    dict.entries.emplace_back(std::move(key), parse_expression());
  }
  expect_op("}");
  return make(std::move(dict), line);
}

bool Parser::at_tuple_end(std::string_view end_name) const {
  const TokenType type = current().type;
  return type == TokenType::output_end || type == TokenType::block_end || at_op(")") ||
         (!end_name.empty() && at_name(end_name));
}

ExprPtr Parser::parse_tuple(const TupleRules& rules) {
  const int line = current().line;
  TupleDisplay tuple;
  bool comma = false;
  while (true) {
    if (!tuple.items.empty()) expect_op(",");
    if (at_tuple_end(rules.end_name)) break;
    tuple.items.push_back(parse_expression(rules.with_condition));
    comma = at_op(",");
    if (!comma && tuple.items.size() == 1) return std::move(tuple.items.front());
    if (!comma) break;
  }
  if (tuple.items.empty() && !rules.parenthesized) fail_unexpected("an expression");
  return make(std::move(tuple), line);
}

ExprPtr Parser::parse_postfix(ExprPtr subject) {
  while (true) {
    const int line = current().line;
    if (at_op(".") || at_op("[")) {
      subject = parse_subscript(std::move(subject));
    } else if (at_op("(")) {
      CallArgs args = parse_call_args();
      subject = make(Call{.callee = std::move(subject), .args = std::move(args)}, line);
    } else {
      return subject;
    }
  }
}

ExprPtr Parser::parse_filters_and_tests(ExprPtr subject) {
  while (true) {
    const int line = current().line;
    if (at_op("|")) {
      subject = parse_filter(std::move(subject), false);
    } else if (skip_name("is")) {
      subject = parse_test(std::move(subject));
    } else if (at_op("(")) {
      CallArgs args = parse_call_args();
      subject = make(Call{.callee = std::move(subject), .args = std::move(args)}, line);
    } else {
      return subject;
    }
  }
}

ExprPtr Parser::parse_subscript(ExprPtr subject) {
  const int line = current().line;
  if (skip_op(".")) {
    const Token token = take();
    if (token.type == TokenType::name) {
      return make(Attribute{.subject = std::move(subject), .name = token.text}, line);
    }
    if (token.type != TokenType::integer) fail_syntax(line, "expected name or number");
    return make(Subscript{.subject = std::move(subject), .key = make(Literal{token.integer}, line)},
                line);
  }
  expect_op("[");
  ExprPtr made = parse_slice_or_key(std::move(subject), line);
  expect_op("]");
  return made;
}

ExprPtr Parser::parse_slice_or_key(ExprPtr subject, int line) {
  ExprPtr start;
  if (at_op("]"))
    return make(Subscript{.subject = std::move(subject), .key = make(TupleDisplay{}, line)}, line);
  if (!at_op(":")) {
    start = parse_expression();
    if (!at_op(":")) {
      if (!at_op(","))
        return make(Subscript{.subject = std::move(subject), .key = std::move(start)}, line);
      TupleDisplay keys;
      keys.items.push_back(std::move(start));
      while (skip_op(",")) keys.items.push_back(parse_expression());
      return make(Subscript{.subject = std::move(subject), .key = make(std::move(keys), line)},
                  line);
    }
  }
  Slice slice{
      .subject = std::move(subject), .start = std::move(start), .stop = nullptr, .step = nullptr};
  expect_op(":");
  if (!at_op(":") && !at_op("]")) slice.stop = parse_expression();
  if (skip_op(":") && !at_op("]")) slice.step = parse_expression();
  return make(std::move(slice), line);
}

CallArgs Parser::parse_call_args() {
  expect_op("(");
  CallArgs args;
  bool any = false;
  while (!at_op(")")) {
    if (any) expect_op(",");
    if (any && at_op(")")) break;
    any = true;
    if (skip_op("*")) {
      if (args.star != nullptr || args.double_star != nullptr)
        fail_here("invalid syntax for function call expression");
      args.star = parse_expression();
    } else if (skip_op("**")) {
      if (args.double_star != nullptr) fail_here("invalid syntax for function call expression");
      args.double_star = parse_expression();
    } else if (current().type == TokenType::name && ahead().type == TokenType::op &&
               ahead().text == "=") {
      std::string name = take().text;
      take();
      if (args.double_star != nullptr) fail_here("invalid syntax for function call expression");
      args.named.emplace_back(std::move(name), parse_expression());
    } else {
      if (args.star != nullptr || args.double_star != nullptr || !args.named.empty()) {
        fail_here("invalid syntax for function call expression");
      }
      args.positional.push_back(parse_expression());
    }
  }
  expect_op(")");
  return args;
}

ExprPtr Parser::parse_filter(ExprPtr subject, bool inline_start) {
  while (inline_start || skip_op("|")) {
    inline_start = false;
    const int line = current().line;
    std::string name = take_name();
    while (skip_op(".")) name += "." + take_name();
    CallArgs args;
    if (at_op("(")) args = parse_call_args();
    const Native native = find_filter(name);
    if (native == nullptr && branches_ == 0)
      unknown_.emplace_back(line, "No filter named '" + name + "'.");
    subject = make(Filter{.subject = std::move(subject),
                          .name = std::move(name),
                          .native = native,
                          .args = std::move(args)},
                   line);
  }
  return subject;
}

ExprPtr Parser::parse_test(ExprPtr subject) {
  const int line = current().line;
  Test test{.subject = std::move(subject),
            .name = {},
            .native = nullptr,
            .args = {},
            .negated = skip_name("not")};
  test.name = take_name();
  while (skip_op(".")) test.name += "." + take_name();
  const TokenType type = current().type;
  if (at_op("(")) {
    test.args = parse_call_args();
  } else if ((type == TokenType::name && !at_name("else") && !at_name("or") && !at_name("and")) ||
             type == TokenType::text || type == TokenType::integer || type == TokenType::real ||
             at_op("[") || at_op("{")) {
    if (at_name("is")) fail_here("You cannot chain multiple tests with is");
    test.args.positional.push_back(parse_postfix(parse_primary()));
  }
  test.native = find_test(test.name);
  if (test.native == nullptr && branches_ == 0)
    unknown_.emplace_back(line, "No test named '" + test.name + "'.");
  return make(std::move(test), line);
}

}  // namespace quire::engine::jinja
