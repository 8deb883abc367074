// Who can see this, what can they see, and what would a change of policies do?
#include <algorithm>
#include <functional>

#include "auth/cedar/schema_wenyuan.h"
#include "auth/decider.h"
#include "auth/decision_entities.h"
#include "auth/policy_engine_impl.h"
#include "auth/user_rows.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr int kUsersPerPage = 200;
constexpr std::size_t kDecisionsMax = 20'000'000;

bool is_organization(const Label& label) {
  return label.collection_kind == CollectionKind::organization;
}

// Asks for each user that can be somebody, in the order of names.
Status each_principal(store::Snapshot& snapshot,
                      const std::function<Status(const User&, const Principal&)>& work) {
  std::string after;
  for (;;) {
    WY_TRY(const auto users, users_after(snapshot, after, kUsersPerPage));
    for (const User& user : users) {
      WY_TRY(const auto principal, current_principal(snapshot, user.id, ""));
      if (principal) WY_RETURN_IF_ERROR(work(user, *principal));
    }
    if (users.size() < static_cast<std::size_t>(kUsersPerPage)) return Done{};
    after = to_lower_ascii(users.back().username);
  }
}

Status check_effort(store::Snapshot& snapshot, std::size_t labels) {
  WY_TRY(auto statement, snapshot.prepare("SELECT count(*) FROM users"));
  WY_RETURN_IF_ERROR(statement.step());
  const auto users = static_cast<std::size_t>(statement.integer(0));
  if (users * std::max<std::size_t>(labels, 1) <= kDecisionsMax) return Done{};
  return Error{ErrorCode::too_large, std::to_string(users) + " users and " +
                                         std::to_string(labels) +
                                         " labels are too many to ask about all of them"};
}

// What may be asked about: all but personal collections, with the entities for it.
struct Shared {
  std::vector<const Label*> labels;
  std::vector<const cedar::Entity*> entities;
};

Shared shared_part(const AccessState& state) {
  Shared shared;
  const auto add = [&](const std::vector<Label>& labels,
                       const std::vector<cedar::Entity>& entities) {
    for (std::size_t at = 0; at < labels.size(); ++at) {
      if (!is_organization(labels[at])) continue;
      shared.labels.push_back(&labels[at]);
      shared.entities.push_back(&entities[at]);
    }
  };
  add(state.collections, state.collection_entities);
  add(state.labels, state.label_entities);
  return shared;
}

// Policies as they would be: one change after another.
class ChangedPolicies {
 public:
  ChangedPolicies(PolicySet policies, const PolicyLanguage& language)
      : policies_(std::move(policies)), language_(language) {}

  Status apply(const PolicyChange& change) {
    using Kind = PolicyChange::Kind;
    if (change.kind == Kind::add) return add(change);
    const auto found =
        std::ranges::find_if(policies_, [&](const auto& one) { return one->id == change.id; });
    if (found == policies_.end()) return Error{ErrorCode::not_found, "there is no such policy"};
    if (change.kind == Kind::remove) {
      policies_.erase(found);
      return Done{};
    }
    CompiledPolicy changed = **found;
    if (change.kind == Kind::replace) WY_RETURN_IF_ERROR(replace(changed, change.text));
    if (change.kind == Kind::link) WY_RETURN_IF_ERROR(link(changed, change.values));
    if (change.kind == Kind::unlink) WY_RETURN_IF_ERROR(unlink(changed, change.link_id));
    *found = std::make_shared<const CompiledPolicy>(std::move(changed));
    return Done{};
  }

  Rules rules() && { return Rules(std::move(policies_), &language_.kinds()); }

 private:
  Result<PolicyText> read(const std::string& text) const {
    PolicyText read = language_.read(text);
    if (read.policy) return read;
    return within("text", Error{ErrorCode::invalid_argument, read.error});
  }

  Status add(const PolicyChange& change) {
    WY_TRY(PolicyText text, read(change.text));
    policies_.push_back(
        std::make_shared<const CompiledPolicy>(CompiledPolicy{change.id, 0, std::move(text)}));
    return Done{};
  }

  Status replace(CompiledPolicy& policy, const std::string& text) const {
    WY_TRY(policy.text, read(text));
    for (auto& each : policy.links) {
      const Status fits = language_.check_link(policy.text, each->values);
      if (!fits) {
        return Error{ErrorCode::conflict, "the new text does not fit the link " + each->id + ": " +
                                              fits.error().message};
      }
      each = std::make_shared<const CompiledLink>(
          CompiledLink{each->id, each->values, fill_slots(policy.text, each->values)});
    }
    return Done{};
  }

  Status link(CompiledPolicy& policy, const cedar::SlotValues& values) const {
    WY_RETURN_IF_ERROR(language_.check_link(policy.text, values));
    policy.links.push_back(std::make_shared<const CompiledLink>(
        CompiledLink{"", values, fill_slots(policy.text, values)}));
    return Done{};
  }

  static Status unlink(CompiledPolicy& policy, const std::string& id) {
    const auto removed =
        std::erase_if(policy.links, [&](const auto& link) { return link->id == id; });
    if (removed == 1) return Done{};
    return Error{ErrorCode::not_found, "the policy has no such link"};
  }

  PolicySet policies_;
  const PolicyLanguage& language_;
};

Result<Rules> changed_rules(const Rules& rules, const std::vector<PolicyChange>& changes,
                            const PolicyLanguage& language) {
  ChangedPolicies changed(rules.policies(), language);
  for (const PolicyChange& change : changes) WY_RETURN_IF_ERROR(changed.apply(change));
  return std::move(changed).rules();
}

}  // namespace

Result<std::vector<User>> PolicyEngine::who_can(store::Snapshot& snapshot, Action action,
                                                const std::string& resource_id) const {
  WY_TRY(const auto state, impl_->state_of(snapshot));
  WY_TRY(const Label label, Impl::label_of(snapshot, *state, resource_id));
  if (!is_organization(label)) {
    return Error{ErrorCode::not_found, "there is no such collection or document"};
  }
  WY_RETURN_IF_ERROR(check_effort(snapshot, 1));
  const cedar::Entity entity = entity_of(label, impl_->language.kinds());
  std::vector<User> found;
  WY_RETURN_IF_ERROR(
      each_principal(snapshot, [&](const User& user, const Principal& principal) -> Status {
        WY_TRY(const auto grants, grants_to(snapshot, principal));
        Decider decider(state->rules, principal, grants, action, impl_->context_of(principal));
        if (decider.allows(label, entity)) found.push_back(user);
        return Done{};
      }));
  return found;
}

Result<std::vector<Label>> PolicyEngine::what_can(store::Snapshot& snapshot,
                                                  const Principal& principal, Action action) const {
  WY_TRY(const auto state, impl_->state_of(snapshot));
  WY_TRY(const auto grants, grants_to(snapshot, principal));
  Decider decider(state->rules, principal, grants, action, impl_->context_of(principal));
  const Shared shared = shared_part(*state);
  std::vector<Label> found;
  for (std::size_t at = 0; at < shared.labels.size(); ++at) {
    if (decider.allows(*shared.labels[at], *shared.entities[at])) {
      found.push_back(*shared.labels[at]);
    }
  }
  return found;
}

Result<std::vector<AccessChange>> PolicyEngine::simulate(
    store::Snapshot& snapshot, Action action, const std::vector<PolicyChange>& changes) const {
  WY_TRY(const auto state, impl_->state_of(snapshot));
  WY_TRY(const Rules then, changed_rules(state->rules, changes, impl_->language));
  const Shared shared = shared_part(*state);
  WY_RETURN_IF_ERROR(check_effort(snapshot, shared.labels.size()));
  std::vector<AccessChange> found;
  WY_RETURN_IF_ERROR(
      each_principal(snapshot, [&](const User& user, const Principal& principal) -> Status {
        WY_TRY(const auto grants, grants_to(snapshot, principal));
        const cedar::Record context = impl_->context_of(principal);
        Decider before(state->rules, principal, grants, action, context);
        Decider after(then, principal, grants, action, context);
        AccessChange change{user.id, user.username, {}, {}};
        for (std::size_t at = 0; at < shared.labels.size(); ++at) {
          const bool had = before.allows(*shared.labels[at], *shared.entities[at]);
          const bool has = after.allows(*shared.labels[at], *shared.entities[at]);
          if (had != has) (has ? change.gained : change.lost).push_back(*shared.labels[at]);
        }
        if (!change.gained.empty() || !change.lost.empty()) found.push_back(std::move(change));
        return Done{};
      }));
  return found;
}

}  // namespace wenyuan::auth
