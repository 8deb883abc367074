#include <algorithm>
#include <array>
#include <utility>

#include "auth/cedar/evaluator.h"
#include "auth/cedar/partial.h"

namespace wenyuan::auth::cedar {

ResourceDecider::ResourceDecider(const Residual& residual)
    : residual_(residual),
      graph_(residual.graph_),
      slots_(residual.graph_.nodes().size()),
      is_under_(residual.graph_.ancestors().size()),
      uid_(false),
      true_(true),
      false_(false) {}

void ResourceDecider::note_ancestor(const EntityUid& uid) {
  const auto found = graph_.ancestors().find(uid);
  if (found != graph_.ancestors().end()) is_under_[found->second] = 1;
  if (graph_.asks_for_hierarchy()) ancestors_.push_back(uid);
}

Status ResourceDecider::begin(const Entity& resource) {
  if (++stamp_ == 0) {  // so many resources that a stamp would come again
    std::fill(slots_.begin(), slots_.end(), Slot{});
    stamp_ = 1;
  }
  made_.clear();
  ancestors_.clear();
  std::fill(is_under_.begin(), is_under_.end(), char{0});
  const Entity* const known = residual_.known_.find(resource.uid);
  resource_ = known == nullptr ? &resource : known;
  uid_ = Value(resource.uid);
  note_ancestor(resource.uid);
  for (const EntityUid& parent : resource_->parents) {
    note_ancestor(parent);
    residual_.known_.each_ancestor(parent, [&](const EntityUid& uid) { note_ancestor(uid); });
    if (known == nullptr && residual_.known_.is_in(parent, resource.uid)) {
      return Error{ErrorCode::invalid_argument, to_text(resource.uid) + " is its own ancestor"};
    }
  }
  std::sort(ancestors_.begin(), ancestors_.end());
  return Done{};
}

Result<Decision> ResourceDecider::decide(const Entity& resource) {
  WY_RETURN_IF_ERROR(begin(resource));
  return allows() ? Decision::allow : Decision::deny;
}

bool ResourceDecider::allows() {
  if (residual_.is_forbidden_) return false;
  const bool failure_denies = residual_.rule_ == ErrorRule::forbid_denies;
  // The last to be asked are the forbids, as most resources are those that nothing permits.
  const auto holds = [&](NodeId root) { return state_of(root) == State::is_true; };
  const auto forbids = [&](NodeId root) {
    const State state = state_of(root);
    if (state == State::is_true) return true;
    return failure_denies && state != State::is_false;
  };
  const std::vector<NodeId>& permits = residual_.open_permits_;
  if (!residual_.is_permitted_ && std::none_of(permits.begin(), permits.end(), holds)) return false;
  const std::vector<NodeId>& all = residual_.open_forbids_;
  return std::none_of(all.begin(), all.end(), forbids);
}

Result<Response> ResourceDecider::explain(const Entity& resource) {
  using Outcome = Residual::Outcome;
  WY_RETURN_IF_ERROR(begin(resource));
  Response response;
  std::vector<std::string> permits, forbids;
  for (std::size_t i = 0; i < residual_.outcomes_.size(); ++i) {
    const Policy& policy = residual_.policies_.policies()[i];
    const bool is_forbid = policy.effect == Effect::forbid;
    Outcome outcome = residual_.outcomes_[i];
    if (outcome == Outcome::open) {
      const State state = state_of(residual_.roots_[i]);
      outcome = state == State::is_true    ? Outcome::holds
                : state == State::is_false ? Outcome::holds_not
                                           : Outcome::fails;
    }
    if (outcome == Outcome::fails) {
      response.errors.push_back({policy.id, message_of(policy)});
      if (is_forbid && residual_.rule_ == ErrorRule::forbid_denies) forbids.push_back(policy.id);
    } else if (outcome == Outcome::holds) {
      (is_forbid ? forbids : permits).push_back(policy.id);
    }
  }
  if (!forbids.empty()) {
    response.reasons = std::move(forbids);
  } else if (!permits.empty()) {
    response.decision = Decision::allow;
    response.reasons = std::move(permits);
  }
  return response;
}

// Found by evaluating the policy as a whole: the shared nodes do not know where they stand.
std::string ResourceDecider::message_of(const Policy& policy) const {
  const PartialRequest& known = residual_.request_;
  const Request request{known.principal, known.action, resource_->uid, known.context};
  std::vector<EntityUid> ancestors;
  for (const EntityUid& parent : resource_->parents) {
    ancestors.push_back(parent);
    residual_.known_.each_ancestor(parent, [&](const EntityUid& uid) { ancestors.push_back(uid); });
  }
  std::sort(ancestors.begin(), ancestors.end());
  const Evaluator evaluator(request, EntityView(residual_.known_, *resource_, ancestors));
  const auto holds = evaluator.satisfies(policy);
  return holds ? std::string() : holds.error().message;
}

auto ResourceDecider::state_of(NodeId id) -> State {
  Slot& slot = slots_[id];
  if (slot.stamp == stamp_) return slot.state;
  const State state = evaluate(id, graph_.nodes()[id]);
  slot.stamp = stamp_;
  slot.state = state;
  return state;
}

// A truth has no value in its slot until somebody wants one.
const Value* ResourceDecider::value_of(NodeId id) {
  switch (state_of(id)) {
    case State::is_false: return &false_;
    case State::is_true: return &true_;
    case State::value: return slots_[id].value;
    case State::failure: break;
  }
  return nullptr;
}

auto ResourceDecider::borrow(NodeId id, const Value* value) -> State {
  if (value == nullptr) return State::failure;
  if (const bool* const truth = value->as_bool()) return *truth ? State::is_true : State::is_false;
  slots_[id].value = value;
  return State::value;
}

auto ResourceDecider::evaluate(NodeId id, const Node& node) -> State {
  switch (node.kind) {
    case NodeKind::constant: return borrow(id, &graph_.constant(node.detail));
    case NodeKind::failure: return State::failure;
    case NodeKind::resource: return borrow(id, &uid_);
    case NodeKind::resource_attribute:
      return borrow(id, resource_->attributes.find(graph_.name(node.detail)));
    case NodeKind::resource_in:
      return is_under_[node.detail] != 0 ? State::is_true : State::is_false;
    case NodeKind::resource_is:
      return resource_->uid.type == graph_.name(node.detail) ? State::is_true : State::is_false;
    case NodeKind::conjunction: return chain(node, State::is_false);
    case NodeKind::disjunction: return chain(node, State::is_true);
    case NodeKind::negation: {
      const State operand = state_of(graph_.operands(node)[0]);
      if (operand == State::is_true) return State::is_false;
      return operand == State::is_false ? State::is_true : State::failure;
    }
    case NodeKind::conditional: {
      const State condition = state_of(graph_.operands(node)[0]);
      if (condition != State::is_true && condition != State::is_false) return State::failure;
      return borrow(id, value_of(graph_.operands(node)[condition == State::is_true ? 1 : 2]));
    }
    case NodeKind::operation: return operation(id, node);
  }
  return State::failure;
}

auto ResourceDecider::chain(const Node& node, State settles) -> State {
  for (const NodeId operand : graph_.operands(node)) {
    const State state = state_of(operand);
    if (state == settles) return settles;
    if (state != State::is_true && state != State::is_false) return State::failure;
  }
  return settles == State::is_true ? State::is_false : State::is_true;
}

auto ResourceDecider::operation(NodeId id, const Node& node) -> State {
  const std::span<const NodeId> ids = graph_.operands(node);
  std::array<const Value*, 3> few{};
  std::vector<const Value*> many;
  if (ids.size() > few.size()) many.resize(ids.size());
  const std::span<const Value*> values =
      many.empty() ? std::span(few).first(ids.size()) : std::span(many);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    values[i] = value_of(ids[i]);
    if (values[i] == nullptr) return State::failure;
  }
  if (node.operation == ExpressionKind::equal) {
    return *values[0] == *values[1] ? State::is_true : State::is_false;
  }
  const EntityView view(residual_.known_, *resource_, ancestors_);
  Applied applied = apply(node.operation, node.payload, values, view);
  switch (applied.kind) {
    case Applied::Kind::failure: return State::failure;
    case Applied::Kind::is_false: return State::is_false;
    case Applied::Kind::is_true: return State::is_true;
    case Applied::Kind::borrowed: return borrow(id, applied.borrowed);
    case Applied::Kind::made: break;
  }
  made_.push_back(*std::move(applied.made));
  return borrow(id, &made_.back());
}

}  // namespace wenyuan::auth::cedar
