#include "auth/cedar/residual_builder.h"

#include <algorithm>

namespace wenyuan::auth::cedar {
namespace {

using Kind = ExpressionKind;

Term known(bool truth) { return Term::known(Value(truth)); }

}  // namespace

ResidualBuilder::ResidualBuilder(const EntityUid& principal, const EntityUid& action,
                                 const Record& context, const Entities& known, ResidualGraph& graph)
    : principal_(principal),
      action_(action),
      context_(context),
      known_(known),
      view_(known),
      graph_(graph) {}

// An entity that the store lacks can only be the resource, or one that does not exist.
bool ResidualBuilder::may_be_resource(const Value& value) const {
  const EntityUid* const uid = value.as_entity();
  return uid != nullptr && known_.find(*uid) == nullptr;
}

bool ResidualBuilder::is_resource(const Term& term) const {
  return term.kind == Term::Kind::node && graph_.nodes()[term.node].kind == NodeKind::resource;
}

NodeId ResidualBuilder::node_of(const Term& term) {
  switch (term.kind) {
    case Term::Kind::known: return graph_.constant(*term.value);
    case Term::Kind::failure: return graph_.failure();
    case Term::Kind::node: break;
  }
  return term.node;
}

Term ResidualBuilder::translate(const Policy& policy) {
  std::vector<Term> parts;
  parts.push_back(scope(policy.principal, *principal_.as_entity()));
  parts.push_back(scope(policy.action, *action_.as_entity()));
  // The head never fails, so a part of it that does not hold settles the policy.
  for (const Term& part : parts) {
    if (part.truth() != nullptr && !*part.truth()) return known(false);
  }
  parts.push_back(resource_scope(policy.resource));
  for (const Condition& condition : policy.conditions) {
    const Term body = translate(condition.body);
    parts.push_back(condition.is_unless ? negation(body) : body);
  }
  return chain(NodeKind::conjunction, std::move(parts));
}

Term ResidualBuilder::scope(const Scope& scope, const EntityUid& uid) {
  if (scope.kind == ScopeKind::any) return known(true);
  if (scope.kind == ScopeKind::equal) {
    return known(!scope.entities.empty() && scope.entities.front() == uid);
  }
  if (scope.kind != ScopeKind::in && uid.type != scope.type) return known(false);
  if (scope.kind == ScopeKind::is) return known(true);
  std::vector<Value> ancestors(scope.entities.begin(), scope.entities.end());
  return under(Value(uid), Value(Set(std::move(ancestors))));
}

Term ResidualBuilder::under(const Value& left, const Value& right) {
  return apply_known(Kind::in, nullptr, {Term::known(left), Term::known(right)});
}

Term ResidualBuilder::resource_scope(const Scope& scope) {
  const Term resource = Term::of(graph_.resource());
  std::vector<Term> parts;
  if (scope.kind == ScopeKind::is || scope.kind == ScopeKind::is_in) {
    parts.push_back(Term::of(graph_.resource_is(scope.type)));
  }
  if (scope.kind == ScopeKind::equal) {
    if (scope.entities.empty()) return known(false);
    return apply_node(Kind::equal, nullptr, {resource, Term::known(Value(scope.entities.front()))});
  }
  if (scope.kind == ScopeKind::in || scope.kind == ScopeKind::is_in) {
    std::vector<Value> ancestors(scope.entities.begin(), scope.entities.end());
    parts.push_back(resource_in(Value(Set(std::move(ancestors)))));
  }
  return chain(NodeKind::conjunction, std::move(parts));
}

// Drops what cannot change the outcome, from the left: an operand behind one that is not settled
// must stay, because of what it does when it is reached.
Term ResidualBuilder::chain(NodeKind kind, std::vector<Term> operands) {
  const bool settles = kind == NodeKind::disjunction;
  std::vector<NodeId> kept;
  for (const Term& operand : operands) {
    if (operand.kind == Term::Kind::node) {
      kept.push_back(operand.node);
      continue;
    }
    const bool* const truth = operand.truth();
    if (truth != nullptr && *truth != settles) continue;
    if (kept.empty()) return truth == nullptr ? Term::failure() : known(settles);
    kept.push_back(truth == nullptr ? graph_.failure() : node_of(operand));
    break;
  }
  if (kept.empty()) return known(!settles);
  return Term::of(graph_.logic(kind, kept));
}

Term ResidualBuilder::negation(const Term& operand) {
  if (operand.kind == Term::Kind::node) {
    const NodeId operands[] = {operand.node};
    return Term::of(graph_.logic(NodeKind::negation, operands));
  }
  const bool* const truth = operand.truth();
  return truth == nullptr ? Term::failure() : known(!*truth);
}

Term ResidualBuilder::translate(const Expression& expression) {
  switch (expression.kind) {
    case Kind::boolean: return known(expression.boolean());
    case Kind::integer: return Term::known(Value(expression.integer()));
    case Kind::string: return Term::known(Value(expression.text()));
    case Kind::entity: return Term::known(Value(expression.entity()));
    case Kind::variable: break;
    case Kind::conjunction:
    case Kind::disjunction: {
      std::vector<Term> operands;
      operands.reserve(expression.operands.size());
      for (const Expression& each : expression.operands) operands.push_back(translate(each));
      return chain(
          expression.kind == Kind::conjunction ? NodeKind::conjunction : NodeKind::disjunction,
          std::move(operands));
    }
    case Kind::negation: return negation(translate(expression.operands[0]));
    case Kind::conditional: return conditional(expression);
    case Kind::is: return is(expression);
    default: return operation(expression);
  }
  switch (expression.variable()) {
    case Variable::principal: return Term::known(principal_);
    case Variable::action: return Term::known(action_);
    case Variable::context: return Term::known(context_);
    case Variable::resource: break;
  }
  return Term::of(graph_.resource());
}

Term ResidualBuilder::conditional(const Expression& expression) {
  const Term condition = translate(expression.operands[0]);
  if (condition.kind != Term::Kind::node) {
    const bool* const truth = condition.truth();
    if (truth == nullptr) return Term::failure();
    return translate(expression.operands[*truth ? 1 : 2]);
  }
  const NodeId operands[] = {condition.node, node_of(translate(expression.operands[1])),
                             node_of(translate(expression.operands[2]))};
  return Term::of(graph_.logic(NodeKind::conditional, operands));
}

// `a is T in b` is `a is T && a in b`: b is not looked at when the type is another.
Term ResidualBuilder::is(const Expression& expression) {
  const Term left = translate(expression.operands[0]);
  std::vector<Term> parts;
  if (is_resource(left)) {
    parts.push_back(Term::of(graph_.resource_is(expression.text())));
  } else {
    parts.push_back(apply_known(Kind::is, &expression, {left}));
  }
  if (expression.operands.size() == 1) return parts.front();
  const Term right = translate(expression.operands[1]);
  if (is_resource(left) && right.is_known()) {
    parts.push_back(resource_in(*right.value));
  } else {
    parts.push_back(apply_known(Kind::in, nullptr, {left, right}));
  }
  return chain(NodeKind::conjunction, std::move(parts));
}

Term ResidualBuilder::operation(const Expression& expression) {
  std::vector<Term> operands;
  operands.reserve(expression.operands.size());
  for (const Expression& each : expression.operands) {
    operands.push_back(translate(each));
    // No operation skips an operand, so it fails with the first that does.
    if (operands.back().kind == Term::Kind::failure) return Term::failure();
  }
  if (!operands.empty() && is_resource(operands[0])) {
    return resource_operation(expression, operands);
  }
  return apply_known(expression.kind, &expression, operands);
}

Term ResidualBuilder::resource_operation(const Expression& expression,
                                         const std::vector<Term>& operands) {
  if (expression.kind == Kind::attribute) {
    return Term::of(graph_.resource_attribute(expression.text()));
  }
  if (expression.kind == Kind::in && operands[1].is_known()) return resource_in(*operands[1].value);
  return apply_node(expression.kind, &expression, operands);
}

Term ResidualBuilder::resource_in(const Value& right) {
  if (const EntityUid* const uid = right.as_entity()) return Term::of(graph_.resource_in(*uid));
  const Set* const set = right.as_set();
  if (set == nullptr) return Term::failure();
  std::vector<Term> parts;
  for (const Value& each : set->values()) {
    if (each.as_entity() == nullptr) return Term::failure();
    parts.push_back(Term::of(graph_.resource_in(*each.as_entity())));
  }
  return chain(NodeKind::disjunction, std::move(parts));
}

// Whether the outcome is the same whatever the resource is.
bool ResidualBuilder::is_settled(ExpressionKind kind, const Expression* payload,
                                 const std::vector<Term>& operands) const {
  const Value& first = *operands[0].value;
  switch (kind) {
    case Kind::attribute:
    case Kind::has_tag:
    case Kind::get_tag: return !may_be_resource(first);
    case Kind::has: {
      const Value* at = &first;
      for (const std::string& name : payload->names()) {
        if (may_be_resource(*at)) return false;
        if (get_attribute(view_, *at, name, at) != Fault::none) return true;
      }
      return true;
    }
    case Kind::in: {
      const EntityUid* const uid = first.as_entity();
      // What is under the resource, or may be the resource, may be under more than is known.
      return uid == nullptr || (known_.find(*uid) != nullptr && !known_.is_under_outsider(*uid));
    }
    default: return true;
  }
}

Term ResidualBuilder::apply_known(ExpressionKind kind, const Expression* payload,
                                  const std::vector<Term>& operands) {
  std::vector<const Value*> values;
  for (const Term& operand : operands) {
    if (operand.kind == Term::Kind::failure) return Term::failure();
    if (!operand.is_known()) return apply_node(kind, payload, operands);
    values.push_back(&*operand.value);
  }
  Applied applied = apply(kind, payload, values, view_);
  // To be in something is not undone by what the resource adds.
  const bool is_in = kind == Kind::in && applied.kind == Applied::Kind::is_true;
  if (!is_in && !operands.empty() && !is_settled(kind, payload, operands)) {
    return apply_node(kind, payload, operands);
  }
  if (applied.kind == Applied::Kind::failure) return Term::failure();
  return Term::known(std::move(applied).take());
}

Term ResidualBuilder::apply_node(ExpressionKind kind, const Expression* payload,
                                 const std::vector<Term>& operands) {
  std::vector<NodeId> nodes;
  nodes.reserve(operands.size());
  for (const Term& operand : operands) nodes.push_back(node_of(operand));
  return Term::of(graph_.operation(kind, payload, nodes));
}

}  // namespace wenyuan::auth::cedar
