#include "tests/auth/cedar/brute_force.h"

#include <algorithm>
#include <limits>

namespace wenyuan::auth::cedar::testing {
namespace {

__extension__ using Wide = __int128;
using Kind = ExpressionKind;
using Maybe = std::optional<Brute>;  // nothing: the evaluation failed
using BruteKind = Brute::Kind;

Brute entity(const EntityUid& uid) { return from_value(Value(uid)); }

// A star matches any text: tried by taking away one character after another.
bool fits(const std::vector<std::string>& pieces, std::size_t piece, const std::string& text,
          std::size_t at) {
  if (text.compare(at, pieces[piece].size(), pieces[piece]) != 0) return false;
  at += pieces[piece].size();
  if (piece + 1 == pieces.size()) return at == text.size();
  for (std::size_t skip = at; skip <= text.size(); ++skip) {
    if (fits(pieces, piece + 1, text, skip)) return true;
  }
  return false;
}

class World {
 public:
  World(const Request& request, const std::vector<Entity>& entities)
      : request_(request), entities_(entities) {}

  Maybe value(const Expression& e) const;
  std::optional<bool> truth(const Expression& e) const;
  bool head(const Scope& scope, const EntityUid& uid) const;

 private:
  const Entity* find(const Brute& uid) const;
  bool under(const Brute& uid, const Brute& ancestor) const;
  Maybe under_any(const Brute& left, const Brute& right) const;
  Maybe variable(Variable variable) const;
  Maybe attribute(const Brute& base, const std::string& name) const;
  Maybe has(const Expression& e) const;
  Maybe is(const Expression& e) const;
  Maybe binary(const Expression& e) const;
  Maybe tag(Kind kind, const Brute& left, const Brute& right) const;
  Maybe unary(const Expression& e) const;
  Maybe collection(const Expression& e) const;

  const Request& request_;
  const std::vector<Entity>& entities_;
};

const Entity* World::find(const Brute& uid) const {
  for (const Entity& each : entities_) {
    if (each.uid.type == uid.text && each.uid.id == uid.id) return &each;
  }
  return nullptr;
}

bool World::under(const Brute& uid, const Brute& ancestor) const {
  if (same(uid, ancestor)) return true;
  const Entity* const found = find(uid);
  if (found == nullptr) return false;
  return std::any_of(found->parents.begin(), found->parents.end(),
                     [&](const EntityUid& parent) { return under(entity(parent), ancestor); });
}

Maybe World::under_any(const Brute& left, const Brute& right) const {
  if (left.kind != BruteKind::entity) return std::nullopt;
  if (right.kind == BruteKind::entity) return Brute::boolean(under(left, right));
  if (right.kind != BruteKind::set) return std::nullopt;
  bool found = false;
  for (const Brute& each : right.elements) {
    if (each.kind != BruteKind::entity) return std::nullopt;
    found = found || under(left, each);
  }
  return Brute::boolean(found);
}

Maybe World::variable(Variable variable) const {
  switch (variable) {
    case Variable::principal: return entity(request_.principal);
    case Variable::action: return entity(request_.action);
    case Variable::resource: return entity(request_.resource);
    case Variable::context: break;
  }
  return from_value(Value(request_.context));
}

Maybe World::attribute(const Brute& base, const std::string& name) const {
  if (base.kind == BruteKind::record) {
    const auto found = base.fields.find(name);
    return found == base.fields.end() ? Maybe() : found->second;
  }
  if (base.kind != BruteKind::entity) return std::nullopt;
  const Entity* const found = find(base);
  if (found == nullptr) return std::nullopt;
  for (const auto& [key, each] : found->attributes.attributes()) {
    if (key == name) return from_value(each);
  }
  return std::nullopt;
}

Maybe World::has(const Expression& e) const {
  Maybe base = value(e.operands[0]);
  if (!base) return base;
  for (const std::string& name : e.names()) {
    if (base->kind != BruteKind::record && base->kind != BruteKind::entity) return std::nullopt;
    const Maybe next = attribute(*base, name);
    if (!next) return Brute::boolean(false);
    base = next;
  }
  return Brute::boolean(true);
}

Maybe World::is(const Expression& e) const {
  const Maybe left = value(e.operands[0]);
  if (!left || left->kind != BruteKind::entity) return std::nullopt;
  if (left->text != e.text()) return Brute::boolean(false);
  if (e.operands.size() == 1) return Brute::boolean(true);
  const Maybe right = value(e.operands[1]);
  return right ? under_any(*left, *right) : std::nullopt;
}

Maybe World::tag(Kind kind, const Brute& left, const Brute& right) const {
  if (left.kind != BruteKind::entity || right.kind != BruteKind::text) return std::nullopt;
  const Entity* const found = find(left);
  if (found != nullptr) {
    for (const auto& [key, each] : found->tags.attributes()) {
      if (key == right.text) return kind == Kind::has_tag ? Brute::boolean(true) : from_value(each);
    }
  }
  return kind == Kind::has_tag ? Maybe(Brute::boolean(false)) : std::nullopt;
}

Maybe arithmetic(Kind kind, const Brute& left, const Brute& right) {
  if (left.kind != BruteKind::integer || right.kind != BruteKind::integer) return std::nullopt;
  const Wide a = left.number, b = right.number;
  const Wide result = kind == Kind::plus ? a + b : kind == Kind::subtract ? a - b : a * b;
  if (result > std::numeric_limits<std::int64_t>::max() ||
      result < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return Brute::of(BruteKind::integer, static_cast<std::int64_t>(result));
}

Maybe order(Kind kind, const Brute& left, const Brute& right) {
  if (left.kind != right.kind) return std::nullopt;
  if (left.kind != BruteKind::integer && left.kind != BruteKind::datetime &&
      left.kind != BruteKind::duration) {
    return std::nullopt;
  }
  if (kind == Kind::less) return Brute::boolean(left.number < right.number);
  if (kind == Kind::less_equal) return Brute::boolean(left.number <= right.number);
  if (kind == Kind::greater) return Brute::boolean(left.number > right.number);
  return Brute::boolean(left.number >= right.number);
}

Maybe membership(Kind kind, const Brute& left, const Brute& right) {
  if (left.kind != BruteKind::set) return std::nullopt;
  const auto holds = [&](const Brute& wanted) {
    return std::any_of(left.elements.begin(), left.elements.end(),
                       [&](const Brute& each) { return same(each, wanted); });
  };
  if (kind == Kind::contains) return Brute::boolean(holds(right));
  if (right.kind != BruteKind::set) return std::nullopt;
  const auto& all = right.elements;
  return Brute::boolean(kind == Kind::contains_all ? std::all_of(all.begin(), all.end(), holds)
                                                   : std::any_of(all.begin(), all.end(), holds));
}

Maybe World::binary(const Expression& e) const {
  const Maybe left = value(e.operands[0]);
  const Maybe right = value(e.operands[1]);
  if (!left || !right) return std::nullopt;
  switch (e.kind) {
    case Kind::equal: return Brute::boolean(same(*left, *right));
    case Kind::not_equal: return Brute::boolean(!same(*left, *right));
    case Kind::plus:
    case Kind::subtract:
    case Kind::times: return arithmetic(e.kind, *left, *right);
    case Kind::in: return under_any(*left, *right);
    case Kind::contains:
    case Kind::contains_all:
    case Kind::contains_any: return membership(e.kind, *left, *right);
    case Kind::get_tag:
    case Kind::has_tag: return tag(e.kind, *left, *right);
    default: return order(e.kind, *left, *right);
  }
}

Maybe World::unary(const Expression& e) const {
  const Maybe operand = value(e.operands[0]);
  if (!operand) return operand;
  if (e.kind == Kind::is_empty) {
    if (operand->kind != BruteKind::set) return std::nullopt;
    return Brute::boolean(operand->elements.empty());
  }
  if (e.kind == Kind::like) {
    if (operand->kind != BruteKind::text) return std::nullopt;
    return Brute::boolean(fits(e.pattern().pieces, 0, operand->text, 0));
  }
  if (e.kind == Kind::attribute) return attribute(*operand, e.text());
  return arithmetic(Kind::subtract, Brute::of(BruteKind::integer, 0), *operand);
}

Maybe World::collection(const Expression& e) const {
  Brute made;
  made.kind = e.kind == Kind::set ? BruteKind::set : BruteKind::record;
  std::vector<Brute> values;
  for (const Expression& operand : e.operands) {
    const Maybe each = value(operand);
    if (!each) return each;
    values.push_back(*each);
  }
  if (e.kind == Kind::call) return call_brute(e.text(), values);
  if (e.kind == Kind::set) {
    made.elements = values;
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) made.fields.emplace(e.names()[i], values[i]);
  }
  return made;
}

std::optional<bool> World::truth(const Expression& e) const {
  const Maybe found = value(e);
  if (!found || found->kind != BruteKind::boolean) return std::nullopt;
  return found->number != 0;
}

Maybe World::value(const Expression& e) const {
  switch (e.kind) {
    case Kind::boolean: return Brute::boolean(e.boolean());
    case Kind::integer: return Brute::of(BruteKind::integer, e.integer());
    case Kind::string: return from_value(Value(e.text()));
    case Kind::entity: return entity(e.entity());
    case Kind::variable: return variable(e.variable());
    case Kind::conjunction:
    case Kind::disjunction:
      for (const Expression& operand : e.operands) {
        const auto each = truth(operand);
        if (!each) return std::nullopt;
        if (*each == (e.kind == Kind::disjunction)) return Brute::boolean(*each);
      }
      return Brute::boolean(e.kind == Kind::conjunction);
    case Kind::negation: {
      const auto operand = truth(e.operands[0]);
      return operand ? Maybe(Brute::boolean(!*operand)) : std::nullopt;
    }
    case Kind::conditional: {
      const auto condition = truth(e.operands[0]);
      return condition ? value(e.operands[*condition ? 1 : 2]) : std::nullopt;
    }
    case Kind::has: return has(e);
    case Kind::is: return is(e);
    case Kind::minus:
    case Kind::is_empty:
    case Kind::like:
    case Kind::attribute: return unary(e);
    case Kind::set:
    case Kind::record:
    case Kind::call: return collection(e);
    default: return binary(e);
  }
}

bool World::head(const Scope& scope, const EntityUid& uid) const {
  const bool wants_type = scope.kind == ScopeKind::is || scope.kind == ScopeKind::is_in;
  if (wants_type && uid.type != scope.type) return false;
  if (scope.kind == ScopeKind::equal) return uid == scope.entities.at(0);
  if (scope.kind != ScopeKind::in && scope.kind != ScopeKind::is_in) return true;
  return std::any_of(scope.entities.begin(), scope.entities.end(),
                     [&](const EntityUid& each) { return under(entity(uid), entity(each)); });
}

}  // namespace

BruteDecision decide_by_brute_force(const PolicySet& policies, const Request& request,
                                    const std::vector<Entity>& entities, bool forbid_denies) {
  const World world(request, entities);
  BruteDecision decision;
  std::set<std::string> permits, forbids;
  for (const Policy& policy : policies.policies()) {
    const bool is_forbid = policy.effect == Effect::forbid;
    bool holds = world.head(policy.principal, request.principal) &&
                 world.head(policy.action, request.action) &&
                 world.head(policy.resource, request.resource);
    bool fails = false;
    for (const Condition& condition : policy.conditions) {
      if (!holds) break;
      const auto truth = world.truth(condition.body);
      fails = !truth;
      holds = truth && *truth != condition.is_unless;
    }
    if (fails) decision.errors.insert(policy.id);
    if (holds || (fails && is_forbid && forbid_denies)) {
      (is_forbid ? forbids : permits).insert(policy.id);
    }
  }
  decision.allowed = forbids.empty() && !permits.empty();
  decision.reasons = forbids.empty() ? permits : forbids;
  return decision;
}

}  // namespace wenyuan::auth::cedar::testing
