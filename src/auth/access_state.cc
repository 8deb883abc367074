#include "auth/access_state.h"

#include <algorithm>

#include "auth/decision_entities.h"

namespace wenyuan::auth {
namespace {

Label label_of(Collection collection, const store::AccessAttributes& access) {
  Label label;
  label.collection_id = std::move(collection.id);
  label.collection_kind = collection.kind;
  label.owner_id = std::move(collection.owner_id);
  label.attributes = std::move(collection.attributes);
  std::erase_if(label.attributes, [&](const auto& attribute) {
    return !std::ranges::binary_search(access, attribute.first);
  });
  return label;
}

// Null when `last` does not have this version.
std::shared_ptr<const CompiledPolicy> known(const AccessState* last, const std::string& id,
                                            std::int64_t version) {
  if (last == nullptr) return nullptr;
  const PolicySet& policies = last->rules.policies();
  const auto found = std::ranges::lower_bound(
      policies, id, {}, [](const auto& compiled) -> const std::string& { return compiled->id; });
  if (found == policies.end() || (*found)->id != id || (*found)->version != version) {
    return nullptr;
  }
  return *found;
}

// A policy that cannot be read is a value too.
Result<PolicySet> load_policies(store::Snapshot& snapshot, const PolicyLanguage& language,
                                const AccessState* last) {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, version, text FROM policies ORDER BY id"));
  PolicySet policies;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return policies;
    std::string id = statement.text(0);
    const std::int64_t version = statement.integer(1);
    auto compiled = known(last, id, version);
    if (compiled == nullptr) {
      compiled = std::make_shared<const CompiledPolicy>(
          CompiledPolicy{std::move(id), version, language.read(statement.text(2))});
    }
    policies.push_back(std::move(compiled));
  }
}

}  // namespace

const Label* AccessState::label(LabelId id) const {
  const auto found = std::ranges::lower_bound(labels, id, {}, &Label::id);
  return found != labels.end() && found->id == id ? &*found : nullptr;
}

const Label* AccessState::collection(const std::string& id) const {
  const auto found = std::ranges::lower_bound(collections, id, {}, &Label::collection_id);
  return found != collections.end() && found->collection_id == id ? &*found : nullptr;
}

Result<AccessState> load_access_state(store::Snapshot& snapshot, const PolicyLanguage& language,
                                      const AccessState* last) {
  AccessState state;
  WY_TRY(state.epoch, snapshot.epoch());
  WY_TRY(state.labels, store::labels(snapshot));
  std::ranges::sort(state.labels, {}, &Label::id);
  WY_TRY(auto collections, store::collections(snapshot));
  for (Collection& collection : collections) {
    state.collections.push_back(label_of(std::move(collection), language.access()));
  }
  std::ranges::sort(state.collections, {}, &Label::collection_id);
  for (const Label& label : state.labels) state.label_entities.push_back(entity_of(label));
  for (const Label& collection : state.collections) {
    state.collection_entities.push_back(entity_of(collection));
  }
  WY_TRY(PolicySet policies, load_policies(snapshot, language, last));
  state.rules = Rules(std::move(policies));
  return state;
}

}  // namespace wenyuan::auth
