// Decides a random world in the plainest way: an evaluator that knows nothing of the engine's tree.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/auth/random_world.h"

namespace wenyuan::auth {

inline Thing to_thing(const AttributeValue& value) {
  Thing thing;
  if (const auto* flag = std::get_if<bool>(&value)) thing.truth = *flag;
  if (const auto* amount = std::get_if<std::int64_t>(&value)) {
    thing.kind = Thing::number;
    thing.amount = *amount;
  }
  if (const auto* word = std::get_if<std::string>(&value)) {
    thing.kind = Thing::text;
    thing.word = *word;
  }
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) {
    thing.kind = Thing::texts;
    thing.words = *words;
  }
  return thing;
}

inline Thing word_thing(const std::string& word) { return to_thing(AttributeValue(word)); }

// The plain evaluator: nothing means that it failed.
struct Plain {
  const Principal& user;
  const Label& label;

  std::optional<Thing> lookup(bool of_user, const std::string& name) const {
    if (of_user) {
      if (name == "id") return word_thing(user.user_id);
      if (name == "username") return word_thing(user.username);
      if (name == "roles") return to_thing(AttributeValue(user.roles));
      if (name == "groups") return to_thing(AttributeValue(user.group_ids));
    } else {
      if (name == "collection") return word_thing(label.collection_id);
      if (name == "kind") {
        const bool personal = label.collection_kind == CollectionKind::personal;
        return word_thing(personal ? "personal" : "organization");
      }
    }
    for (const auto& [key, value] : of_user ? user.attributes : label.attributes) {
      if (key == name) return to_thing(value);
    }
    return std::nullopt;
  }

  std::optional<bool> truth(const Node& node) const {
    const auto thing = run(node);
    if (!thing || thing->kind != Thing::flag) return std::nullopt;
    return thing->truth;
  }

  static Thing flag(bool truth) {
    Thing thing;
    thing.truth = truth;
    return thing;
  }

  static bool is_list(const Thing& t) { return t.kind == Thing::texts || t.kind == Thing::numbers; }
  static std::size_t size(const Thing& t) {
    return t.kind == Thing::texts ? t.words.size() : t.amounts.size();
  }

  template <class Item>
  static std::vector<Item> normal(std::vector<Item> items) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    return items;
  }

  static std::optional<bool> same(const Thing& a, const Thing& b) {
    if (is_list(a) && is_list(b) && (size(a) == 0 || size(b) == 0)) return size(a) == size(b);
    if (a.kind != b.kind) return std::nullopt;
    switch (a.kind) {
      case Thing::flag: return a.truth == b.truth;
      case Thing::number: return a.amount == b.amount;
      case Thing::text: return a.word == b.word;
      case Thing::texts: return normal(a.words) == normal(b.words);
      case Thing::numbers: return normal(a.amounts) == normal(b.amounts);
    }
    return std::nullopt;
  }

  static int rank(const std::string& word) {
    const std::vector<std::string> order = {"public", "internal", "confidential", "secret"};
    const auto found = std::find(order.begin(), order.end(), word);
    return found == order.end() ? -1 : static_cast<int>(found - order.begin());
  }

  static std::optional<bool> compared(const std::string& sign, const Thing& a, const Thing& b) {
    if (sign == "==" || sign == "!=") {
      const auto equal = same(a, b);
      if (!equal) return std::nullopt;
      return *equal == (sign == "==");
    }
    std::int64_t left = a.amount;
    std::int64_t right = b.amount;
    if (a.kind != b.kind) return std::nullopt;
    if (a.kind == Thing::text) {
      left = rank(a.word);
      right = rank(b.word);
      if (left < 0 || right < 0) return std::nullopt;
    } else if (a.kind != Thing::number) {
      return std::nullopt;
    }
    if (sign == "<") return left < right;
    if (sign == "<=") return left <= right;
    return sign == ">" ? left > right : left >= right;
  }

  static std::optional<bool> contained(const Thing& item, const Thing& list) {
    if (!is_list(list) || is_list(item)) return std::nullopt;
    if (size(list) == 0) return false;
    if (list.kind == Thing::texts) {
      if (item.kind != Thing::text) return std::nullopt;
      return std::count(list.words.begin(), list.words.end(), item.word) > 0;
    }
    if (item.kind != Thing::number) return std::nullopt;
    return std::count(list.amounts.begin(), list.amounts.end(), item.amount) > 0;
  }

  std::optional<Thing> run(const Node& node) const {
    if (node.kind == Node::value) return node.thing;
    if (node.kind == Node::user) return lookup(true, node.name);
    if (node.kind == Node::resource) return lookup(false, node.name);
    if (node.kind == Node::user_has) return flag(lookup(true, node.name).has_value());
    if (node.kind == Node::resource_has) return flag(lookup(false, node.name).has_value());
    if (node.kind == Node::negation || node.kind == Node::all || node.kind == Node::any) {
      for (const Node& child : node.children) {
        const auto one = truth(child);
        if (!one) return std::nullopt;
        if (node.kind == Node::negation) return flag(!*one);
        if (*one == (node.kind == Node::any)) return flag(*one);
      }
      return flag(node.kind == Node::all);
    }
    const auto left = run(node.children[0]);
    if (!left) return std::nullopt;
    const auto right = run(node.children[1]);
    if (!right) return std::nullopt;
    const auto answer =
        node.kind == Node::in ? contained(*left, *right) : compared(node.name, *left, *right);
    if (!answer) return std::nullopt;
    return flag(*answer);
  }
};

inline bool plain_scope(const World& world) {
  const auto has = [&](const std::string& scope) {
    return std::count(world.user.scopes.begin(), world.user.scopes.end(), scope) > 0;
  };
  if (has("*")) return true;
  if (world.action == Action::read) return has("search") || has("ask") || has("documents:read");
  return world.action == Action::write ? has("documents:write") : has("admin");
}

inline bool plain_decision(const World& world) {
  if (!plain_scope(world)) return false;
  const bool organization = world.label.collection_kind == CollectionKind::organization;
  const Plain plain{world.user, world.label};
  bool allowed = world.label.owner_id == world.user.user_id;
  for (const RandomPolicy& policy : world.policies) {
    if (!organization || !policy.concerns(world.action)) continue;
    const auto holds = plain.truth(policy.condition);
    if (policy.deny && holds.value_or(true)) return false;
    if (!policy.deny && holds.value_or(false)) allowed = true;
  }
  for (const Grant& grant : world.grants) {
    const bool here = grant.resource_id == "col_0" ||
                      (grant.resource_id == "doc_0" && world.label.document_id == "doc_0");
    const bool enough = world.action == Action::read || grant.role == GrantRole::owner ||
                        (world.action == Action::write && grant.role == GrantRole::editor);
    allowed = allowed || (here && enough);
  }
  return allowed;
}

}  // namespace wenyuan::auth
