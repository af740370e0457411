// Tokens and the statement half of the parser.
#include "engine/jinja/parser.h"

#include <algorithm>
#include <array>

namespace quire::engine::jinja {
namespace {

std::string shown(const Token& token) {
  switch (token.type) {
    case TokenType::end:
      return "end of template";
    case TokenType::output_end:
      return "end of print statement";
    case TokenType::block_end:
      return "end of statement block";
    case TokenType::integer:
      return "integer";
    case TokenType::real:
      return "float";
    case TokenType::text:
      return "string";
    default:
      return "'" + token.text + "'";
  }
}

}  // namespace

Parser::Nesting::Nesting(Parser& parser, Depth depth) : parser_(parser), depth_(depth) {
  if (parser_.nesting_ >= kMaxSourceNesting * static_cast<int>(Depth::deep)) {
    parser_.fail_here("the template nests too deep");
  }
  parser_.nesting_ += static_cast<int>(depth_);
}

Parser::Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
  for (const char* name : {"loop", "caller", "varargs", "kwargs"}) intern(name);  // KnownNames
}

Program Parser::run() {
  Program program;
  program.body = parse_body({});
  if (!unknown_.empty()) fail_syntax(unknown_.front().first, unknown_.front().second);
  program.names = std::move(names_);
  return program;
}

Token Parser::take() {
  Token token = tokens_[next_];
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

bool Parser::at_op(std::string_view op) const {
  return current().type == TokenType::op && current().text == op;
}
bool Parser::at_name(std::string_view name) const {
  return current().type == TokenType::name && current().text == name;
}

bool Parser::skip_op(std::string_view op) {
  if (!at_op(op)) return false;
  take();
  return true;
}
bool Parser::skip_name(std::string_view name) {
  if (!at_name(name)) return false;
  take();
  return true;
}
void Parser::expect_op(std::string_view op) {
  if (!skip_op(op)) fail_unexpected("'" + std::string(op) + "'");
}
void Parser::expect_name(std::string_view name) {
  if (!skip_name(name)) fail_unexpected("'" + std::string(name) + "'");
}
void Parser::expect(TokenType type, std::string_view what) {
  if (current().type != type) fail_unexpected(what);
  take();
}
std::string Parser::take_name() {
  if (current().type != TokenType::name) fail_unexpected("a name");
  return take().text;
}
void Parser::fail_here(const std::string& reason) const {
  fail_syntax(current().line, reason);
}
void Parser::fail_unexpected(std::string_view expected) const {
  fail_here("expected " + std::string(expected) + ", got " + shown(current()));
}

NameId Parser::intern(const std::string& name) {
  const auto [place, added] = ids_.try_emplace(name, static_cast<NameId>(names_.size()));
  if (added) names_.push_back(name);
  return place->second;
}

/// Statements up to a tag that starts with one of `ends` (which is left at that name), or up to the
/// end of the template when there are none.
Body Parser::parse_body(std::initializer_list<std::string_view> ends) {
  const Nesting nesting(*this, Depth::deep);
  Body body;
  while (current().type != TokenType::end) {
    const int line = current().line;
    if (current().type == TokenType::data) {
      body.push_back({Data{take().text}, line});
    } else if (current().type == TokenType::output_begin) {
      take();
      body.push_back({parse_output(), line});
    } else {
      expect(TokenType::block_begin, "a tag");
      if (std::any_of(ends.begin(), ends.end(),
                      [this](std::string_view end) { return at_name(end); }))
        return body;
      parse_tag(body);
      expect(TokenType::block_end, "end of statement block");
    }
  }
  if (ends.size() > 0)
    fail_here("Unexpected end of template: '" + std::string(*(ends.end() - 1)) + "' is missing");
  return body;
}

/// The body of a block tag: behind its end, up to one of `ends`.
Body Parser::parse_block(std::initializer_list<std::string_view> ends) {
  skip_op(":");
  expect(TokenType::block_end, "end of statement block");
  return parse_body(ends);
}

Output Parser::parse_output() {
  Output output;
  output.values.push_back(parse_tuple({}));
  expect(TokenType::output_end, "end of print statement");
  return output;
}

void Parser::parse_tag(Body& body) {
  const int line = current().line;
  const std::string tag = take_name();
  const auto add = [&](Stmt::Node node) { body.push_back({std::move(node), line}); };
  if (tag == "if") return add(parse_if());
  if (tag == "for") return add(parse_for());
  if (tag == "set") return add(parse_set());
  if (tag == "with") return add(parse_with());
  if (tag == "macro") return add(parse_macro());
  if (tag == "call") return add(parse_call_block());
  if (tag == "filter") return add(parse_filter_block());
  if (tag == "generation") return add(parse_generation());
  if (tag == "print") return add(parse_print());
  if (tag == "break" || tag == "continue") {
    if (loops_ == 0) fail_syntax(line, "'" + tag + "' outside loop");
    return tag == "break" ? add(Break{}) : add(Continue{});
  }
  constexpr std::array<std::string_view, 6> kUnsupported = {"extends", "block", "include",
                                                            "import",  "from",  "autoescape"};
  if (std::find(kUnsupported.begin(), kUnsupported.end(), tag) != kUnsupported.end()) {
    fail_syntax(line, "the tag '" + tag + "' is not supported in chat templates");
  }
  fail_syntax(line, "Encountered unknown tag '" + tag + "'.");
}

If Parser::parse_if() {
  If made;
  ++branches_;
  while (true) {
    ExprPtr condition = parse_tuple({.with_condition = false});
    made.branches.emplace_back(std::move(condition), parse_block({"elif", "else", "endif"}));
    if (!skip_name("elif")) break;
  }
  if (skip_name("else")) made.otherwise = parse_block({"endif"});
  --branches_;
  expect_name("endif");
  return made;
}

ForLoop Parser::parse_for() {
  ForLoop loop;
  loop.target = parse_target("in");
  expect_name("in");
  loop.iterable = parse_tuple({.with_condition = false, .end_name = "recursive"});
  if (skip_name("if")) loop.condition = parse_expression();
  loop.recursive = skip_name("recursive");
  ++loops_;
  loop.body = parse_block({"else", "endfor"});
  --loops_;
  if (skip_name("else")) loop.otherwise = parse_block({"endfor"});
  expect_name("endfor");
  return loop;
}

Stmt::Node Parser::parse_set() {
  Target target = parse_target("");
  if (skip_op("=")) return Set{.target = std::move(target), .value = parse_tuple({})};
  SetBlock block{.target = std::move(target), .filter = nullptr, .body = {}};
  block.filter = parse_filter(nullptr, false);
  block.body = parse_block({"endset"});
  expect_name("endset");
  return block;
}

With Parser::parse_with() {
  With with;
  while (current().type != TokenType::block_end) {
    if (!with.bindings.empty()) expect_op(",");
    Target target = parse_single_target("");
    expect_op("=");
    with.bindings.emplace_back(std::move(target), parse_expression());
  }
  with.body = parse_block({"endwith"});
  expect_name("endwith");
  return with;
}

void Parser::parse_signature(MacroBody& macro) {
  expect_op("(");
  while (!at_op(")")) {
    if (!macro.parameters.empty()) expect_op(",");
    macro.parameters.push_back(intern(take_name()));
    if (skip_op("=")) {
      macro.defaults.push_back(parse_expression());
    } else if (!macro.defaults.empty()) {
      fail_here("non-default argument follows default argument");
    }
  }
  expect_op(")");
}

Body Parser::parse_macro_body(MacroBody& macro, std::string_view end) {
  macros_.push_back(&macro);
  const int outer_loops = std::exchange(loops_, 0);
  Body body = parse_block({end});
  loops_ = outer_loops;
  macros_.pop_back();
  expect_name(end);
  return body;
}

MacroDefinition Parser::parse_macro() {
  auto macro = std::make_unique<MacroBody>();
  macro->name = take_name();
  const NameId id = intern(macro->name);
  parse_signature(*macro);
  macro->body = parse_macro_body(*macro, "endmacro");
  return {.name = id, .macro = std::move(macro)};
}

CallBlock Parser::parse_call_block() {
  CallBlock block{.call = nullptr, .caller = std::make_unique<MacroBody>()};
  block.caller->name = "caller";
  if (at_op("(")) parse_signature(*block.caller);
  block.call = parse_expression();
  if (!std::holds_alternative<Call>(block.call->node)) fail_here("expected call");
  block.caller->body = parse_macro_body(*block.caller, "endcall");
  return block;
}

FilterBlock Parser::parse_filter_block() {
  FilterBlock block;
  block.filter = parse_filter(nullptr, true);
  block.body = parse_block({"endfilter"});
  expect_name("endfilter");
  return block;
}

Generation Parser::parse_generation() {
  const int outer_loops = std::exchange(loops_, 0);
  Generation generation{.body = parse_block({"endgeneration"})};
  loops_ = outer_loops;
  expect_name("endgeneration");
  return generation;
}

Output Parser::parse_print() {
  Output output;
  while (current().type != TokenType::block_end) {
    if (!output.values.empty()) expect_op(",");
    output.values.push_back(parse_expression());
  }
  return output;
}

Target Parser::parse_single_target(std::string_view end_name) {
  const Nesting nesting(*this);
  if (skip_op("(")) {
    Target target = parse_target(end_name);
    expect_op(")");
    return target;
  }
  if (skip_op("[")) {
    Target target;
    while (!at_op("]")) {
      if (!target.several.empty()) expect_op(",");
      target.several.push_back(parse_single_target(end_name));
    }
    expect_op("]");
    return target;
  }
  constexpr std::array<std::string_view, 6> kConstants = {"true", "false", "none",
                                                          "True", "False", "None"};
  if (current().type == TokenType::name &&
      std::find(kConstants.begin(), kConstants.end(), current().text) != kConstants.end()) {
    fail_here("can't assign to '" + current().text + "'");
  }
  Target target{.name = intern(take_name()), .attribute = {}, .several = {}};
  if (end_name.empty() && skip_op(".")) target.attribute = take_name();
  return target;
}

Target Parser::parse_target(std::string_view end_name) {
  Target first = parse_single_target(end_name);
  if (!at_op(",")) return first;
  Target target;
  target.several.push_back(std::move(first));
  while (skip_op(",")) {
    if (at_op("=") || at_op(")") || current().type == TokenType::block_end ||
        (!end_name.empty() && at_name(end_name)))
      break;
    target.several.push_back(parse_single_target(end_name));
  }
  return target;
}

Program parse(std::string_view source) {
  return Parser(tokenize(source)).run();
}

}  // namespace quire::engine::jinja
