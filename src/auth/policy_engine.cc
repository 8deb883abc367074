#include "auth/policy_engine.h"

#include <algorithm>

#include "auth/break_glass.h"
#include "auth/cedar/schema_wenyuan.h"
#include "auth/credential_kind.h"
#include "auth/decider.h"
#include "auth/policy_engine_impl.h"
#include "auth/policy_import.h"
#include "auth/policy_store.h"
#include "auth/user_rows.h"
#include "base/metrics.h"

namespace wenyuan::auth {
namespace {

metrics::Counter& decisions(const char* from) {
  return metrics::counter("wenyuan_auth_decisions_total",
                          "Answers to what a principal may do one action on.", {{"from", from}});
}

constexpr Action kActions[] = {Action::read, Action::write, Action::manage};

// What a unit of writing sees may be undone, and its epoch number be given to another state; so
// only what a connection sees that has never written may be remembered.
Result<bool> may_be_remembered(store::Snapshot& snapshot) {
  if (!snapshot.epoch_is_committed()) return false;
  WY_TRY(auto statement, snapshot.prepare("SELECT total_changes()"));
  WY_RETURN_IF_ERROR(statement.step());
  return statement.integer(0) == 0;
}

Status check_current(store::Snapshot& snapshot, const Principal& principal) {
  WY_TRY(auto current, current_principal(snapshot, principal.user_id, principal.key_id));
  if (!current) {
    return Error{ErrorCode::unauthenticated, "the user or the key is no longer valid"};
  }
  // A session may ask for less than it has.
  const bool narrower = std::ranges::all_of(
      principal.scopes, [&](const std::string& scope) { return current->has_scope(scope); });
  current->scopes = principal.scopes;
  current->address = principal.address;
  current->second_factor = principal.second_factor;
  current->break_glass = principal.break_glass;
  if (narrower && *current == principal) return Done{};
  return Error{ErrorCode::conflict, "the user's roles, groups or attributes have changed"};
}

Decided decide_all(const AccessState& state, Decider& decider) {
  Decided decided;
  for (std::size_t at = 0; at < state.labels.size(); ++at) {
    const Label& label = state.labels[at];
    if (!decider.allows(label, state.label_entities[at])) continue;
    decided.labels.push_back(label.id);
    decided.visible.push_back(label.collection_id);
  }
  for (std::size_t at = 0; at < state.collections.size(); ++at) {
    const Label& collection = state.collections[at];
    if (!decider.allows(collection, state.collection_entities[at])) continue;
    decided.collections.push_back(collection.collection_id);
  }
  std::ranges::copy(decided.collections, std::back_inserter(decided.visible));
  std::ranges::sort(decided.visible);
  decided.visible.erase(std::unique(decided.visible.begin(), decided.visible.end()),
                        decided.visible.end());
  return decided;
}

}  // namespace

cedar::Record PolicyEngine::Impl::context_of(const Principal& principal) const {
  return cedar::context_record({.now = clock.now(),
                                .address = cedar::parse_ip_address(principal.address),
                                .second_factor = principal.second_factor,
                                .credential = std::string(credential_kind(principal.key_id))});
}

Result<std::shared_ptr<const AccessState>> PolicyEngine::Impl::state_of(store::Snapshot& snapshot) {
  WY_TRY(const Epoch epoch, snapshot.epoch());
  WY_TRY(const bool remember, may_be_remembered(snapshot));
  return state_of(snapshot, epoch, remember);
}

Result<std::shared_ptr<const AccessState>> PolicyEngine::Impl::state_of(store::Snapshot& snapshot,
                                                                        Epoch epoch,
                                                                        bool remember) {
  if (auto known = newest(); known != nullptr && known->epoch == epoch) return known;
  // A unit of writing must not wait for readers, and what it sees is not for others.
  std::unique_lock<std::mutex> loading(load_mutex, std::defer_lock);
  if (remember) loading.lock();
  const auto last = newest();
  if (last != nullptr && last->epoch == epoch) return last;
  WY_TRY(AccessState loaded, load_access_state(snapshot, language, last.get()));
  auto fresh = std::make_shared<const AccessState>(std::move(loaded));
  if (remember && (last == nullptr || last->epoch < epoch)) {
    const std::lock_guard lock(state_mutex);
    state = fresh;
  }
  return fresh;
}

Result<std::shared_ptr<const Decided>> PolicyEngine::Impl::decided(store::Snapshot& snapshot,
                                                                   Epoch epoch,
                                                                   const Principal& principal,
                                                                   Action action) {
  static metrics::Counter& from_cache = decisions("cache");
  static metrics::Counter& from_policies = decisions("policies");
  if (principal.break_glass) {
    return decided_under_break_glass(snapshot, epoch, principal, action);
  }
  const std::string key = fingerprint(principal, action);
  if (auto known = cache.find(epoch, key)) {
    from_cache.add();
    return known;
  }
  from_policies.add();
  WY_RETURN_IF_ERROR(check_current(snapshot, principal));
  WY_TRY(const bool remember, may_be_remembered(snapshot));
  WY_TRY(const auto from, state_of(snapshot, epoch, remember));
  WY_TRY(const auto grants, grants_to(snapshot, principal));
  Decider decider(from->rules, principal, grants, action, context_of(principal));
  auto fresh = std::make_shared<const Decided>(decide_all(*from, decider));
  if (remember && !from->rules.need_context()) cache.insert(epoch, key, fresh);
  return fresh;
}

Result<std::shared_ptr<const Decided>> PolicyEngine::Impl::decided_under_break_glass(
    store::Snapshot& snapshot, Epoch epoch, const Principal& principal, Action action) {
  WY_RETURN_IF_ERROR(check_current(snapshot, principal));
  WY_TRY(const BreakGlassUse use,
         break_glass_in_force(snapshot, principal, principal.break_glass->id, clock.now()));
  if (use != *principal.break_glass) return Error{ErrorCode::conflict, "the access has changed"};
  Decided decided;
  if (action == Action::read && principal.scopes_open(action)) {
    WY_TRY(const bool remember, may_be_remembered(snapshot));
    WY_TRY(const auto from, state_of(snapshot, epoch, remember));
    const auto is_open = [&](const Label& label) {
      return label.collection_kind == CollectionKind::personal && label.owner_id == use.owner_id &&
             (use.collection_id.empty() || label.collection_id == use.collection_id);
    };
    for (const Label& label : from->labels) {
      if (is_open(label)) decided.labels.push_back(label.id);
    }
    for (const Label& collection : from->collections) {
      if (is_open(collection)) decided.visible.push_back(collection.collection_id);
    }
  }
  return std::make_shared<const Decided>(std::move(decided));
}

Result<Label> PolicyEngine::Impl::label_of(store::Snapshot& snapshot, const AccessState& state,
                                           const std::string& resource_id) {
  if (const Label* collection = state.collection(resource_id)) return *collection;
  const auto document = store::document_for_ingest(snapshot, resource_id);
  if (!document && document.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::not_found, "there is no such collection or document"};
  }
  if (!document) return document.error();
  const Label* label = state.label(document->label_id);
  if (label == nullptr) return Error{ErrorCode::corrupt, "a document has a label that is gone"};
  return *label;
}

PolicyEngine::PolicyEngine(store::AccessAttributes access, const Clock* clock)
    : PolicyEngine(AttributeKinds::guessed(std::move(access)), clock) {}
PolicyEngine::PolicyEngine(AttributeKinds kinds, const Clock* clock)
    : impl_(std::make_unique<Impl>(std::move(kinds), clock)) {}
PolicyEngine::~PolicyEngine() = default;

const store::AccessAttributes& PolicyEngine::access_attributes() const {
  return impl_->language.access();
}
const AttributeKinds& PolicyEngine::attribute_kinds() const { return impl_->language.kinds(); }
const std::string& PolicyEngine::policy_schema() const { return impl_->language.schema_text(); }

Result<Permit> PolicyEngine::permit(store::Snapshot& snapshot, const Principal& principal,
                                    Action action) const {
  WY_TRY(const Epoch epoch, snapshot.epoch());
  WY_TRY(const auto decided, impl_->decided(snapshot, epoch, principal, action));
  auto collections = action == Action::read ? std::vector<std::string>() : decided->collections;
  // The store looks at the access again whenever such a permit is used.
  const std::string& by = principal.break_glass ? principal.break_glass->id : principal.user_id;
  return Permit(by, action, epoch, decided->labels, std::move(collections));
}

Result<Decision> PolicyEngine::check(store::Snapshot& snapshot, const Principal& principal,
                                     Action action, const std::string& resource_id) const {
  WY_RETURN_IF_ERROR(check_current(snapshot, principal));
  WY_TRY(const auto from, impl_->state_of(snapshot));
  WY_TRY(const Label label, impl_->label_of(snapshot, *from, resource_id));
  WY_TRY(const auto grants, grants_to(snapshot, principal));
  return Decider(from->rules, principal, grants, action, impl_->context_of(principal))
      .decide(label);
}

Result<std::vector<std::string>> PolicyEngine::visible_collections(
    store::Snapshot& snapshot, const Principal& principal) const {
  WY_TRY(const Epoch epoch, snapshot.epoch());
  std::vector<std::string> visible;
  for (const Action action : kActions) {
    WY_TRY(const auto decided, impl_->decided(snapshot, epoch, principal, action));
    std::vector<std::string> both;
    std::ranges::set_union(visible, decided->visible, std::back_inserter(both));
    visible = std::move(both);
  }
  return visible;
}

Result<Policy> PolicyEngine::add_policy(store::Transaction& tx, const Policy& policy,
                                        UnixMillis now) const {
  return policy_store::add(tx, policy, impl_->language, now);
}
Result<Policy> PolicyEngine::update_policy(store::Transaction& tx, const Policy& policy,
                                           UnixMillis now) const {
  return policy_store::update(tx, policy, impl_->language, now);
}
Result<std::int64_t> PolicyEngine::remove_policy(store::Transaction& tx,
                                                 const std::string& id) const {
  return policy_store::remove(tx, id);
}
Result<Policy> PolicyEngine::policy(store::Snapshot& snapshot, const std::string& id) const {
  return policy_store::one(snapshot, id);
}
Result<std::vector<Policy>> PolicyEngine::policies(store::Snapshot& snapshot) const {
  return policy_store::all(snapshot);
}
Result<std::vector<Policy>> PolicyEngine::policy_versions(store::Snapshot& snapshot,
                                                          const std::string& id) const {
  return policy_store::versions(snapshot, id);
}

Result<std::vector<UnreadablePolicy>> PolicyEngine::unreadable(store::Snapshot& snapshot) const {
  WY_TRY(const auto from, impl_->state_of(snapshot));
  std::vector<UnreadablePolicy> found;
  for (const auto& policy : from->rules.policies()) {
    if (policy->text.policy) continue;
    const bool decides = !policy->text.is_template || !policy->links.empty();
    found.push_back(
        {policy->id, policy->text.error, decides && policy->text.effect == cedar::Effect::forbid});
  }
  return found;
}

Result<std::vector<PolicyEntry>> PolicyEngine::export_policies(store::Snapshot& snapshot) const {
  return auth::export_policies(snapshot);
}
Result<PolicyPlan> PolicyEngine::plan_import(store::Snapshot& snapshot, const PolicyImport& import,
                                             std::vector<ImportProblem>& problems) const {
  return auth::plan_import(snapshot, import, impl_->language, problems);
}
Status PolicyEngine::apply_import(store::Transaction& tx, const PolicyPlan& plan,
                                  UnixMillis now) const {
  return auth::apply_import(tx, plan, impl_->language, now);
}

Result<PolicyLink> PolicyEngine::add_link(store::Transaction& tx, const PolicyLink& link,
                                          UnixMillis now) const {
  return policy_store::add_link(tx, link, impl_->language, now);
}
Status PolicyEngine::remove_link(store::Transaction& tx, const std::string& policy_id,
                                 const std::string& id) const {
  WY_RETURN_IF_ERROR(policy_store::one(tx, policy_id));
  WY_RETURN_IF_ERROR(delete_policy_link(tx, policy_id, id));
  return tx.raise_epoch();
}
Result<std::vector<PolicyLink>> PolicyEngine::links(store::Snapshot& snapshot,
                                                    const std::string& policy_id) const {
  WY_RETURN_IF_ERROR(policy_store::one(snapshot, policy_id));
  return policy_links(snapshot, policy_id);
}

Result<Grant> PolicyEngine::add_grant(store::Transaction& tx, const Grant& grant,
                                      UnixMillis now) const {
  return auth::add_grant(tx, grant, impl_->language.access(), now);
}
Status PolicyEngine::remove_grant(store::Transaction& tx, const std::string& id) const {
  return auth::remove_grant(tx, id, impl_->language.access());
}
Result<std::vector<Grant>> PolicyEngine::grants(store::Snapshot& snapshot,
                                                const std::string& resource_id) const {
  return grants_on(snapshot, resource_id);
}

}  // namespace wenyuan::auth
