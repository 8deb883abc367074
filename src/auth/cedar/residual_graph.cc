#include "auth/cedar/residual_graph.h"

#include <utility>

#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {
namespace {

void append_number(std::string& key, std::uint32_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// Each part with its size before it, so that no text can look like another part.
void append_text(std::string& key, std::string_view text) {
  append_number(key, static_cast<std::uint32_t>(text.size()));
  key += text;
}

void append_payload(std::string& key, const Expression& expression) {
  if (const auto* text = std::get_if<std::string>(&expression.payload)) {
    append_text(key, *text);
  } else if (const auto* names = std::get_if<std::vector<std::string>>(&expression.payload)) {
    append_number(key, static_cast<std::uint32_t>(names->size()));
    for (const std::string& name : *names) append_text(key, name);
  } else if (const auto* pattern = std::get_if<Pattern>(&expression.payload)) {
    append_text(key, cedar::quoted(*pattern));
  }
}

}  // namespace

NodeId ResidualGraph::add(Node node, std::span<const NodeId> operands, std::string key) {
  append_number(key, node.detail);
  for (const NodeId operand : operands) append_number(key, operand);
  const auto [place, is_new] = by_key_.emplace(std::move(key), static_cast<NodeId>(nodes_.size()));
  if (!is_new) return place->second;
  node.operand_count = static_cast<std::uint32_t>(operands.size());
  node.operands_at = static_cast<std::uint32_t>(operands_.size());
  operands_.insert(operands_.end(), operands.begin(), operands.end());
  nodes_.push_back(node);
  return place->second;
}

NodeId ResidualGraph::constant(const Value& value) {
  const auto next = static_cast<std::uint32_t>(constants_.size());
  const auto [place, is_new] = constant_numbers_.emplace(value, next);
  if (is_new) constants_.push_back(&place->first);
  return add({.kind = NodeKind::constant, .detail = place->second}, {}, "c");
}

std::uint32_t ResidualGraph::name_number(const std::string& name) {
  const auto next = static_cast<std::uint32_t>(names_.size());
  const auto [place, is_new] = name_numbers_.emplace(name, next);
  if (is_new) names_.push_back(name);
  return place->second;
}

NodeId ResidualGraph::resource_attribute(const std::string& name) {
  return add({.kind = NodeKind::resource_attribute, .detail = name_number(name)}, {}, "a");
}

NodeId ResidualGraph::resource_is(const std::string& type) {
  return add({.kind = NodeKind::resource_is, .detail = name_number(type)}, {}, "s");
}

NodeId ResidualGraph::resource_in(const EntityUid& ancestor) {
  const auto next = static_cast<std::uint32_t>(ancestors_.size());
  const std::uint32_t number = ancestors_.emplace(ancestor, next).first->second;
  return add({.kind = NodeKind::resource_in, .detail = number}, {}, "i");
}

NodeId ResidualGraph::logic(NodeKind kind, std::span<const NodeId> operands) {
  std::string key = "l";
  key += static_cast<char>(kind);
  return add({.kind = kind}, operands, std::move(key));
}

NodeId ResidualGraph::operation(ExpressionKind kind, const Expression* payload,
                                std::span<const NodeId> operands) {
  if (kind == ExpressionKind::in) asks_for_hierarchy_ = true;
  std::string key = "o";
  key += static_cast<char>(kind);
  if (payload != nullptr) append_payload(key, *payload);
  return add({.kind = NodeKind::operation, .operation = kind, .payload = payload}, operands,
             std::move(key));
}

}  // namespace wenyuan::auth::cedar
