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

  static bool holds_a_level(const Node& node) {
    const bool is_attribute = node.kind == Node::user || node.kind == Node::resource;
    return is_attribute && (node.name == "sensitivity" || node.name == "clearance");
  }
  // A text that is a level, as its number.
  static Thing ranked(Thing thing) {
    if (thing.kind == Thing::text && rank(thing.word) >= 0) {
      thing.kind = Thing::number;
      thing.amount = rank(thing.word);
    }
    return thing;
  }

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
      if (key != name) continue;
      const bool is_level = name == "sensitivity" || name == "clearance";
      return is_level ? ranked(to_thing(value)) : to_thing(value);
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

  static bool same(const Thing& a, const Thing& b) {
    if (is_list(a) && is_list(b) && (size(a) == 0 || size(b) == 0)) return size(a) == size(b);
    if (a.kind != b.kind) return false;
    switch (a.kind) {
      case Thing::flag: return a.truth == b.truth;
      case Thing::number: return a.amount == b.amount;
      case Thing::text: return a.word == b.word;
      case Thing::texts: return normal(a.words) == normal(b.words);
      case Thing::numbers: return normal(a.amounts) == normal(b.amounts);
    }
    return false;
  }

  static int rank(const std::string& word) {
    const std::vector<std::string> order = {"public", "internal", "confidential", "secret"};
    const auto found = std::find(order.begin(), order.end(), word);
    return found == order.end() ? -1 : static_cast<int>(found - order.begin());
  }

  static std::optional<bool> compared(const std::string& sign, const Thing& a, const Thing& b) {
    if (sign == "==" || sign == "!=") return same(a, b) == (sign == "==");
    if (a.kind != Thing::number || b.kind != Thing::number) return std::nullopt;
    if (sign == "<") return a.amount < b.amount;
    if (sign == "<=") return a.amount <= b.amount;
    return sign == ">" ? a.amount > b.amount : a.amount >= b.amount;
  }

  static std::optional<bool> contained(const Thing& item, const Thing& list) {
    if (!is_list(list)) return std::nullopt;
    if (list.kind == Thing::texts) {
      return item.kind == Thing::text &&
             std::count(list.words.begin(), list.words.end(), item.word) > 0;
    }
    return item.kind == Thing::number &&
           std::count(list.amounts.begin(), list.amounts.end(), item.amount) > 0;
  }

  // Levels that are written down are numbers where a number is meant.
  std::optional<Thing> side(const Node& node, const Node& other, const std::string& sign) const {
    auto thing = run(node);
    if (!thing || node.kind != Node::value) return thing;
    const bool is_order = sign != "==" && sign != "!=" && sign != "in";
    return is_order || holds_a_level(other) ? ranked(*thing) : thing;
  }
  std::optional<Thing> list(const Node& node, const Node& item) const {
    auto thing = run(node);
    if (!thing || node.kind != Node::value || thing->kind != Thing::texts) return thing;
    if (!holds_a_level(item)) return thing;
    // Words that are no level cannot be what a number equals.
    Thing numbers;
    numbers.kind = Thing::numbers;
    Thing words = *thing;
    words.words.clear();
    for (const std::string& word : thing->words) {
      if (rank(word) >= 0) numbers.amounts.push_back(rank(word));
      if (rank(word) < 0) words.words.push_back(word);
    }
    const auto held = run(item);
    return held && held->kind == Thing::text ? words : numbers;
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
    const Node& first = node.children[0];
    const Node& second = node.children[1];
    const bool is_in = node.kind == Node::in;
    const std::string sign = is_in ? "in" : node.name;
    const auto left = is_in ? run(first) : side(first, second, sign);
    if (!left) return std::nullopt;
    const auto right = is_in ? list(second, first) : side(second, first, sign);
    if (!right) return std::nullopt;
    const auto answer = is_in ? contained(*left, *right) : compared(sign, *left, *right);
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
