#include "auth/access_state.h"

#include <algorithm>
#include <span>
#include <utility>

#include "auth/decision_entities.h"
#include "auth/policy_links.h"

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

// Null when `last` does not have this policy.
std::shared_ptr<const CompiledPolicy> known(const AccessState* last, const std::string& id) {
  if (last == nullptr) return nullptr;
  const PolicySet& policies = last->rules.policies();
  const auto found = std::ranges::lower_bound(
      policies, id, {}, [](const auto& compiled) -> const std::string& { return compiled->id; });
  return found != policies.end() && (*found)->id == id ? *found : nullptr;
}

// `links` are in the order of their policies.
std::span<const PolicyLink> links_of(const std::vector<PolicyLink>& links, const std::string& id) {
  return {std::ranges::lower_bound(links, id, {}, &PolicyLink::policy_id),
          std::ranges::upper_bound(links, id, {}, &PolicyLink::policy_id)};
}

// A policy that cannot be read is a value too. `last` is null, or what was read of it before.
std::shared_ptr<const CompiledPolicy> compiled(const std::string& id, std::int64_t version,
                                               const std::string& text,
                                               std::span<const PolicyLink> links,
                                               std::shared_ptr<const CompiledPolicy> last,
                                               const PolicyLanguage& language) {
  if (last != nullptr && last->version != version) last = nullptr;
  const auto same_id = [](const PolicyLink& link, const auto& old) { return link.id == old->id; };
  if (last != nullptr && std::ranges::equal(links, last->links, same_id)) return last;
  CompiledPolicy made{id, version, last != nullptr ? last->text : language.read(text)};
  for (const PolicyLink& link : links) {
    made.links.push_back(std::make_shared<const CompiledLink>(
        CompiledLink{link.id, link.values, fill_slots(made.text, link.values)}));
  }
  return std::make_shared<const CompiledPolicy>(std::move(made));
}

Result<PolicySet> load_policies(store::Snapshot& snapshot, const PolicyLanguage& language,
                                const AccessState* last) {
  WY_TRY(const std::vector<PolicyLink> links, policy_links(snapshot));
  WY_TRY(auto statement, snapshot.prepare("SELECT id, version, text FROM policies ORDER BY id"));
  PolicySet policies;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return policies;
    const std::string id = statement.text(0);
    policies.push_back(compiled(id, statement.integer(1), statement.text(2), links_of(links, id),
                                known(last, id), language));
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
  for (const Label& label : state.labels) {
    state.label_entities.push_back(entity_of(label, language.kinds()));
  }
  for (const Label& collection : state.collections) {
    state.collection_entities.push_back(entity_of(collection, language.kinds()));
  }
  WY_TRY(PolicySet policies, load_policies(snapshot, language, last));
  state.rules = Rules(std::move(policies), &language.kinds());
  return state;
}

}  // namespace wenyuan::auth
