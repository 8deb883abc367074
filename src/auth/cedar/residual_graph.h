// The nodes that are left of policies when all but the resource is known: equal ones are shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar {

using NodeId = std::uint32_t;

enum class NodeKind : std::uint8_t {
  constant,            // detail: of constants()
  failure,             // fails whatever the resource is
  resource,            // its uid
  resource_attribute,  // detail: of names()
  resource_in,         // detail: of ancestors()
  resource_is,         // detail: of names()
  conjunction,
  disjunction,
  negation,
  conditional,
  operation,  // all others
};

struct Node {
  NodeKind kind = NodeKind::failure;
  ExpressionKind operation = ExpressionKind::equal;  // of NodeKind::operation
  std::uint32_t operand_count = 0;
  std::uint32_t operands_at = 0;
  std::uint32_t detail = 0;
  // Of an operation: what has its payload; null when it has none.
  const Expression* payload = nullptr;
};

class ResidualGraph {
 public:
  ResidualGraph() = default;
  // Not to be copied: it points into itself.
  ResidualGraph(const ResidualGraph&) = delete;
  ResidualGraph& operator=(const ResidualGraph&) = delete;

  NodeId constant(const Value& value);
  NodeId failure() { return add({.kind = NodeKind::failure}, {}, "f"); }
  NodeId resource() { return add({.kind = NodeKind::resource}, {}, "r"); }
  NodeId resource_attribute(const std::string& name);
  NodeId resource_in(const EntityUid& ancestor);
  NodeId resource_is(const std::string& type);
  // One of conjunction, disjunction, negation, conditional.
  NodeId logic(NodeKind kind, std::span<const NodeId> operands);
  // `payload` has the payload of the operation and must outlive the graph; null for one without.
  NodeId operation(ExpressionKind kind, const Expression* payload,
                   std::span<const NodeId> operands);

  const std::vector<Node>& nodes() const { return nodes_; }
  std::span<const NodeId> operands(const Node& node) const {
    return std::span(operands_).subspan(node.operands_at, node.operand_count);
  }
  const Value& constant(std::uint32_t detail) const { return *constants_[detail]; }
  const std::string& name(std::uint32_t detail) const { return names_[detail]; }
  const std::unordered_map<EntityUid, std::uint32_t, EntityUidHash>& ancestors() const {
    return ancestors_;
  }
  // Whether an operation may ask for all ancestors of the resource.
  bool asks_for_hierarchy() const { return asks_for_hierarchy_; }

 private:
  // Nodes with equal keys, details and operands are one.
  NodeId add(Node node, std::span<const NodeId> operands, std::string key);
  std::uint32_t name_number(const std::string& name);

  std::vector<Node> nodes_;
  std::vector<NodeId> operands_;
  std::unordered_map<std::string, NodeId> by_key_;
  std::map<Value, std::uint32_t> constant_numbers_;
  std::vector<const Value*> constants_;  // keys of constant_numbers_
  std::map<std::string, std::uint32_t> name_numbers_;
  std::vector<std::string> names_;
  std::unordered_map<EntityUid, std::uint32_t, EntityUidHash> ancestors_;
  bool asks_for_hierarchy_ = false;
};

}  // namespace wenyuan::auth::cedar
