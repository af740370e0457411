// Tokens to a syntax tree; the grammar of jinja2 3.1 without template inheritance and imports.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/jinja/ast.h"
#include "engine/jinja/lexer.h"

namespace quire::engine::jinja {

/// Deepest nesting of expressions and of blocks in a template's source.
constexpr int kMaxSourceNesting = 100;

/// Throws LoadError with line and reason.
Program parse(std::string_view source);

/// Reads tokens; the shared state of the expression and statement halves below.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens);
  Program run();

 private:
  /// Counts one level of recursion while it lives. A bracket takes four of the shallow kind, a
  /// block one of the deep kind, for their shares of the stack.
  enum class Depth : std::uint8_t { shallow = 1, deep = 4 };
  class Nesting {
   public:
    explicit Nesting(Parser& parser, Depth depth = Depth::shallow);
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { parser_.nesting_ -= static_cast<int>(depth_); }

   private:
    Parser& parser_;
    const Depth depth_;
  };

  // Tokens.
  const Token& current() const { return tokens_[next_]; }
  const Token& ahead() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }
  Token take();
  bool at_op(std::string_view op) const;
  bool at_name(std::string_view name) const;
  bool skip_op(std::string_view op);
  bool skip_name(std::string_view name);
  void expect_op(std::string_view op);
  void expect_name(std::string_view name);
  void expect(TokenType type, std::string_view what);
  std::string take_name();
  [[noreturn]] void fail_here(const std::string& reason) const;
  [[noreturn]] void fail_unexpected(std::string_view expected) const;
  NameId intern(const std::string& name);
  ExprPtr make(Expr::Node node, int line) const;

  // Expressions, from the loosest binding to the tightest (parse_expression.cpp).
  ExprPtr parse_expression(bool with_condition = true);
  ExprPtr parse_conditional();
  ExprPtr parse_logical(bool conjunction);
  ExprPtr parse_not();
  ExprPtr parse_comparison();
  ExprPtr parse_sum();
  ExprPtr parse_concat();
  ExprPtr parse_product();
  ExprPtr parse_power();
  ExprPtr parse_unary(bool with_filter);
  ExprPtr parse_primary();
  ExprPtr parse_name_or_constant();
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr subject);
  ExprPtr parse_filters_and_tests(ExprPtr subject);
  ExprPtr parse_subscript(ExprPtr subject);
  ExprPtr parse_slice_or_key(ExprPtr subject, int line);
  ExprPtr parse_filter(ExprPtr subject, bool inline_start);
  ExprPtr parse_test(ExprPtr subject);
  CallArgs parse_call_args();
  struct TupleRules {
    bool with_condition = true;
    bool parenthesized = false;
    std::string_view end_name = {};  // a name that ends the tuple, such as "in"
  };
  ExprPtr parse_tuple(const TupleRules& rules);
  bool at_tuple_end(std::string_view end_name) const;

  // Statements (parser.cpp).
  Body parse_body(std::initializer_list<std::string_view> ends);
  Body parse_block(std::initializer_list<std::string_view> ends);
  void parse_tag(Body& body);
  Output parse_output();
  If parse_if();
  ForLoop parse_for();
  Stmt::Node parse_set();
  With parse_with();
  MacroDefinition parse_macro();
  CallBlock parse_call_block();
  FilterBlock parse_filter_block();
  Generation parse_generation();
  Output parse_print();
  void parse_signature(MacroBody& macro);
  Body parse_macro_body(MacroBody& macro, std::string_view end);
  Target parse_target(std::string_view end_name);
  Target parse_single_target(std::string_view end_name);

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  int nesting_ = 0;
  int loops_ = 0;     // enclosing loops, for break and continue
  int branches_ = 0;  // enclosing conditions
  // Unknown filters and tests outside of conditions, by line: errors. Inside they may stay unused.
  std::vector<std::pair<int, std::string>> unknown_;
  std::vector<MacroBody*> macros_;  // enclosing macros
  std::map<std::string, NameId, std::less<>> ids_;
  std::vector<std::string> names_;
};

}  // namespace quire::engine::jinja
