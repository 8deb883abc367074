#include "auth/access_state.h"

#include <algorithm>

#include "auth/policy/checker.h"
#include "auth/policy/parser.h"

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
  const auto found = std::ranges::lower_bound(
      last->policies, id, {},
      [](const auto& compiled) -> const std::string& { return compiled->id; });
  if (found == last->policies.end() || (*found)->id != id || (*found)->version != version) {
    return nullptr;
  }
  return *found;
}

Result<PolicySet> load_policies(store::Snapshot& snapshot, const store::AccessAttributes& access,
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
          compile(std::move(id), version, statement.text(2), access));
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

CompiledPolicy compile(std::string id, std::int64_t version, std::string_view text,
                       const store::AccessAttributes& access) {
  CompiledPolicy compiled;
  compiled.id = std::move(id);
  compiled.version = version;
  auto rule = policy::parse(text);
  if (!rule) {
    compiled.error = std::move(rule.error().message);
    return compiled;
  }
  // An attribute may have stopped being access-relevant since the policy was stored.
  if (Status fine = policy::check(*rule, access); !fine) {
    compiled.effect_without_rule = rule->effect;
    compiled.error = std::move(fine.error().message);
    return compiled;
  }
  compiled.rule = *std::move(rule);
  return compiled;
}

Result<AccessState> load_access_state(store::Snapshot& snapshot,
                                      const store::AccessAttributes& access,
                                      const AccessState* last) {
  AccessState state;
  WY_TRY(state.epoch, snapshot.epoch());
  WY_TRY(state.labels, store::labels(snapshot));
  std::ranges::sort(state.labels, {}, &Label::id);
  WY_TRY(auto collections, store::collections(snapshot));
  for (Collection& collection : collections) {
    state.collections.push_back(label_of(std::move(collection), access));
  }
  std::ranges::sort(state.collections, {}, &Label::collection_id);
  WY_TRY(state.policies, load_policies(snapshot, access, last));
  return state;
}

}  // namespace wenyuan::auth
