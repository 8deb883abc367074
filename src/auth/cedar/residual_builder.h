// Evaluates policies as far as that goes without the resource; the rest becomes nodes of a graph.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/entities.h"
#include "auth/cedar/operation.h"
#include "auth/cedar/residual_graph.h"

namespace wenyuan::auth::cedar {

// What an expression comes to: a value, a failure, or a node that depends on the resource.
struct Term {
  enum class Kind { known, failure, node };

  Kind kind = Kind::failure;
  std::optional<Value> value;
  NodeId node = 0;

  static Term known(Value value) { return {Kind::known, std::move(value), 0}; }
  static Term failure() { return {}; }
  static Term of(NodeId node) { return {Kind::node, std::nullopt, node}; }
  bool is_known() const { return kind == Kind::known; }
  const bool* truth() const { return is_known() ? value->as_bool() : nullptr; }
};

// All that is passed must outlive it; the policies must outlive the graph.
class ResidualBuilder {
 public:
  ResidualBuilder(const EntityUid& principal, const EntityUid& action, const Record& context,
                  const Entities& known, ResidualGraph& graph);

  // Whether head and conditions hold: a known truth, a failure, or a node.
  Term translate(const Policy& policy);

 private:
  Term translate(const Expression& expression);
  Term scope(const Scope& scope, const EntityUid& uid);
  Term resource_scope(const Scope& scope);
  Term under(const Value& left, const Value& right);
  Term chain(NodeKind kind, std::vector<Term> operands);
  Term negation(const Term& operand);
  Term conditional(const Expression& expression);
  Term is(const Expression& expression);
  Term operation(const Expression& expression);
  Term resource_operation(const Expression& expression, const std::vector<Term>& operands);
  Term resource_in(const Value& right);
  Term apply_known(ExpressionKind kind, const Expression* payload,
                   const std::vector<Term>& operands);
  Term apply_node(ExpressionKind kind, const Expression* payload,
                  const std::vector<Term>& operands);
  bool is_settled(ExpressionKind kind, const Expression* payload,
                  const std::vector<Term>& operands) const;
  bool may_be_resource(const Value& value) const;
  bool is_resource(const Term& term) const;
  NodeId node_of(const Term& term);

  Value principal_, action_, context_;
  const Entities& known_;
  EntityView view_;
  ResidualGraph& graph_;
};

}  // namespace wenyuan::auth::cedar
