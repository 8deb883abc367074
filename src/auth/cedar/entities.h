// The entities that policies may look at, with their attributes, tags and hierarchy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "auth/cedar/entity_uid.h"
#include "auth/cedar/value.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

constexpr std::size_t kAncestorCountMax = 20'000'000;

struct Entity {
  EntityUid uid;
  Record attributes;
  Record tags;
  std::vector<EntityUid> parents;  // need not be entities of the store themselves
};

// Never changes, so any number of threads may read it.
class Entities {
 public:
  Entities() = default;
  // Refuses a uid that comes twice with different contents, and a hierarchy with a cycle or with
  // more than kAncestorCountMax pairs of an entity and an ancestor.
  static Result<Entities> make(std::vector<Entity> entities);

  const std::vector<Entity>& all() const { return entities_; }
  const Entity* find(const EntityUid& uid) const;  // null when there is none

  // Whether `uid` is `ancestor`, or under it however deep. An entity that is not in the store is
  // under nothing but itself.
  bool is_in(const EntityUid& uid, const EntityUid& ancestor) const;

  // All that `uid` is under, itself not counted, in no order; empty when it is not in the store.
  std::vector<EntityUid> ancestors(const EntityUid& uid) const;

  // The same, one after another and without copies.
  template <class Visit>
  void each_ancestor(const EntityUid& uid, const Visit& visit) const {
    const auto below = numbers_.find(uid);
    if (below == numbers_.end() || below->second >= entities_.size()) return;
    for (const Number number : ancestors_[below->second]) visit(uid_of(number));
  }

  // Whether `uid` is under something that is not in the store.
  bool is_under_outsider(const EntityUid& uid) const;

 private:
  using Number = std::uint32_t;

  const EntityUid& uid_of(Number number) const {
    return number < entities_.size() ? entities_[number].uid : outside_[number - entities_.size()];
  }

  std::vector<Entity> entities_;
  std::vector<EntityUid> outside_;  // parents that are not in the store
  // Numbers the entities, then what is outside, both in order.
  std::unordered_map<EntityUid, Number, EntityUidHash> numbers_;
  std::vector<std::vector<Number>> ancestors_;  // sorted, one for each of entities_
};

}  // namespace wenyuan::auth::cedar
