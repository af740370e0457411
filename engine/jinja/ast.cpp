#include "engine/jinja/ast.h"

#include <algorithm>

namespace quire::engine::jinja {
namespace {

int height_of(const ExprPtr& expr) {
  return expr == nullptr ? 0 : expr->height;
}
int height_of(const Exprs& exprs) {
  int highest = 0;
  for (const ExprPtr& expr : exprs) highest = std::max(highest, height_of(expr));
  return highest;
}
template <class Key>
int height_of(const std::vector<std::pair<Key, ExprPtr>>& pairs) {
  int highest = 0;
  for (const auto& pair : pairs) highest = std::max(highest, height_of(pair.second));
  return highest;
}
int height_of(const CallArgs& a) {
  return std::max(
      {height_of(a.positional), height_of(a.named), height_of(a.star), height_of(a.double_star)});
}

struct ChildHeight {
  int operator()(const Literal&) const { return 0; }
  int operator()(const Name&) const { return 0; }
  int operator()(const ListDisplay& e) const { return height_of(e.items); }
  int operator()(const TupleDisplay& e) const { return height_of(e.items); }
  int operator()(const DictDisplay& e) const {
    int highest = height_of(e.entries);
    for (const auto& entry : e.entries) highest = std::max(highest, height_of(entry.first));
    return highest;
  }
  int operator()(const Attribute& e) const { return height_of(e.subject); }
  int operator()(const Subscript& e) const {
    return std::max(height_of(e.subject), height_of(e.key));
  }
  int operator()(const Slice& e) const {
    return std::max(
        {height_of(e.subject), height_of(e.start), height_of(e.stop), height_of(e.step)});
  }
  int operator()(const Call& e) const { return std::max(height_of(e.callee), height_of(e.args)); }
  int operator()(const Filter& e) const {
    return std::max(height_of(e.subject), height_of(e.args));
  }
  int operator()(const Test& e) const { return std::max(height_of(e.subject), height_of(e.args)); }
  int operator()(const Unary& e) const { return height_of(e.operand); }
  int operator()(const Chain& e) const { return std::max(height_of(e.first), height_of(e.rest)); }
  int operator()(const Comparison& e) const {
    return std::max(height_of(e.first), height_of(e.rest));
  }
  int operator()(const Concat& e) const { return height_of(e.parts); }
  int operator()(const Logical& e) const { return height_of(e.operands); }
  int operator()(const Conditional& e) const {
    return std::max({height_of(e.condition), height_of(e.yes), height_of(e.no)});
  }
};

}  // namespace

int height_below(const Expr::Node& node) {
  return std::visit(ChildHeight{}, node);
}

}  // namespace quire::engine::jinja
