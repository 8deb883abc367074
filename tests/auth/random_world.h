// Random policies, principals and labels, with the text that a person would have written.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "auth/grants.h"
#include "auth/principal.h"
#include "base/document.h"

namespace wenyuan::auth {

struct Thing {  // a value of any type
  enum Kind { flag, number, text, texts, numbers } kind = flag;
  bool truth = false;
  std::int64_t amount = 0;
  std::string word;
  std::vector<std::string> words;
  std::vector<std::int64_t> amounts;
};

struct Node {
  enum Kind { value, user, resource, user_has, resource_has, negation, all, any, compare, in };
  Kind kind = value;
  Thing thing;
  std::string name;  // of an attribute, or the sign of a comparison
  std::vector<Node> children;
};

struct Dice {
  std::mt19937 engine;
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(engine); }
  bool chance(int percent) { return below(100) < percent; }
  template <class List>
  const auto& pick(const List& list) {
    return *(std::begin(list) + below(static_cast<int>(std::size(list))));
  }
};

inline const std::vector<std::string> kWords = {
    "hr", "it", "public", "internal", "confidential", "secret", "apollo", "文渊", "\"q\\", "col_0"};
inline const std::vector<std::string> kNames = {"a", "b", "clearance", "sensitivity"};
inline const std::vector<std::string> kUserNames = {"a",  "b",        "clearance", "sensitivity",
                                                    "id", "username", "roles",     "groups"};
inline const std::vector<std::string> kResourceNames = {"a",           "b",          "clearance",
                                                        "sensitivity", "collection", "kind"};
inline const std::vector<std::string> kSigns = {"==", "!=", "<", "<=", ">", ">="};

inline std::vector<std::string> some_words(Dice& dice) {
  std::vector<std::string> words;
  for (int i = dice.below(4); i > 0; --i) words.push_back(dice.pick(kWords));
  return words;
}

inline Thing random_thing(Dice& dice) {
  Thing thing;
  thing.kind = static_cast<Thing::Kind>(dice.below(5));
  thing.truth = dice.chance(50);
  thing.amount = dice.below(5) - 1;
  thing.word = dice.pick(kWords);
  thing.words = some_words(dice);
  for (int i = dice.below(3); i > 0; --i) thing.amounts.push_back(dice.below(4));
  return thing;
}

inline Node random_operand(Dice& dice) {
  Node node;
  const int what = dice.below(10);
  node.kind = what < 3 ? Node::value : what < 6 ? Node::user : Node::resource;
  node.thing = random_thing(dice);
  node.name = node.kind == Node::user ? dice.pick(kUserNames) : dice.pick(kResourceNames);
  return node;
}

inline Node random_node(Dice& dice, int depth) {
  Node node;
  const int what = depth == 0 ? 4 + dice.below(6) : dice.below(10);
  if (what < 4) {
    node.kind = what == 0 ? Node::negation : what < 3 ? Node::all : Node::any;
    const int count = what == 0 ? 1 : 2 + dice.below(2);
    for (int i = 0; i < count; ++i) node.children.push_back(random_node(dice, depth - 1));
  } else if (what < 7) {
    node.kind = Node::compare;
    node.name = dice.pick(kSigns);
    node.children = {random_operand(dice), random_operand(dice)};
  } else if (what == 7) {
    node.kind = Node::in;
    node.children = {random_operand(dice), random_operand(dice)};
  } else if (what == 8) {
    node.kind = dice.chance(50) ? Node::user_has : Node::resource_has;
    node.name = node.kind == Node::user_has ? dice.pick(kUserNames) : dice.pick(kResourceNames);
  } else {
    node = random_operand(dice);
  }
  return node;
}

inline std::string quoted(const std::string& word) {
  std::string text = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

inline std::string written(const Thing& thing) {
  std::string list;
  switch (thing.kind) {
    case Thing::flag: return thing.truth ? "true" : "false";
    case Thing::number: return std::to_string(thing.amount);
    case Thing::text: return quoted(thing.word);
    case Thing::texts:
      for (const auto& word : thing.words) list += (list.empty() ? "" : ", ") + quoted(word);
      return "[" + list + "]";
    case Thing::numbers:
      for (const auto amount : thing.amounts) {
        list += (list.empty() ? "" : ",") + std::to_string(amount);
      }
      return "[" + list + "]";
  }
  return "";
}

inline std::string written(const Node& node) {
  const auto joined = [&](const std::string& word) {
    std::string text = "(";
    for (const Node& child : node.children) {
      text += (text.size() > 1 ? " " + word + " " : "") + written(child);
    }
    return text + ")";
  };
  switch (node.kind) {
    case Node::value: return written(node.thing);
    case Node::user: return "user." + node.name;
    case Node::resource: return "resource." + node.name;
    case Node::user_has: return "user has " + node.name;
    case Node::resource_has: return "resource has " + node.name;
    case Node::negation: return "not " + written(node.children[0]);
    case Node::all: return joined("and");
    case Node::any: return joined("or");
    case Node::compare: return joined(node.name);
    case Node::in: return joined("in");
  }
  return "";
}

struct RandomPolicy {
  bool deny = false;
  std::string action;  // empty: none written
  Node condition;
  std::string text() const {
    return std::string(deny ? "deny " : "allow ") + (action.empty() ? "" : action + " ") + "if " +
           written(condition);
  }
  bool concerns(Action asked) const {
    const std::string name = asked == Action::read    ? "read"
                             : asked == Action::write ? "write"
                                                      : "manage";
    return action.empty() ? deny || asked == Action::read : action == name;
  }
};

inline Attributes random_attributes(Dice& dice) {
  Attributes attributes;
  for (const std::string& name : kNames) {
    const int kind = dice.below(6);
    if (kind == 0) attributes[name] = dice.chance(50);
    if (kind == 1) attributes[name] = std::int64_t{dice.below(5) - 1};
    if (kind == 2 || kind == 3) attributes[name] = dice.pick(kWords);
    if (kind == 4) attributes[name] = some_words(dice);
  }
  return attributes;
}

struct World {
  std::vector<RandomPolicy> policies;
  Principal user;
  Label label;
  std::vector<Grant> grants;
  Action action = Action::read;
};

inline World random_world(Dice& dice) {
  World world;
  for (int i = dice.below(5); i > 0; --i) {
    RandomPolicy policy;
    policy.deny = dice.chance(35);
    const std::vector<std::string> actions = {"", "", "read", "write", "manage"};
    policy.action = dice.pick(actions);
    policy.condition = random_node(dice, 3);
    world.policies.push_back(std::move(policy));
  }
  const std::vector<std::string> owners = {"usr_0", "usr_1", "usr_1", "usr_1"};
  world.user.user_id = "usr_0";
  world.user.username = dice.pick(kWords);
  world.user.roles =
      dice.chance(50) ? std::vector<std::string>{"admin"} : std::vector<std::string>{};
  world.user.group_ids = some_words(dice);
  const std::vector<std::vector<std::string>> scopes = {
      {"*"}, {"*"}, {"*"}, {"search"}, {"documents:write"}, {"admin"}, {"ask", "documents:write"}};
  world.user.scopes = dice.pick(scopes);
  world.user.attributes = random_attributes(dice);
  world.label.id = 1;
  world.label.collection_id = "col_0";
  world.label.collection_kind =
      dice.chance(20) ? CollectionKind::personal : CollectionKind::organization;
  world.label.owner_id = dice.pick(owners);
  world.label.attributes = random_attributes(dice);
  if (dice.chance(30)) world.label.document_id = "doc_0";
  const std::vector<std::string> resources = {"col_0", "col_1", "doc_0", "doc_1"};
  const std::vector<GrantRole> roles = {GrantRole::reader, GrantRole::editor, GrantRole::owner};
  for (int i = dice.below(3); i > 0; --i) {
    world.grants.push_back(
        {"grt_" + std::to_string(i), "usr_0", dice.pick(roles), dice.pick(resources), 0});
  }
  const std::vector<Action> actions = {Action::read, Action::read, Action::write, Action::manage};
  world.action = dice.pick(actions);
  return world;
}

}  // namespace wenyuan::auth
