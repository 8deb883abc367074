#include "auth/cedar/operators.h"

#include <algorithm>

#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {
namespace {

std::string typed(std::string_view wanted, const Value& value) {
  std::string text = "a value of type ";
  text += wanted;
  text += " was expected, not one of type ";
  text += name(value.kind());
  return text;
}

std::string missing(const Value& value, std::string_view what, std::string_view name) {
  std::string text = value.as_entity() == nullptr ? "the record" : to_text(*value.as_entity());
  text += " has no ";
  text += what;
  text += ' ';
  text += cedar::quoted(name);
  return text;
}

template <class T>
bool ordered(ExpressionKind kind, const T& left, const T& right) {
  switch (kind) {
    case ExpressionKind::less: return left < right;
    case ExpressionKind::less_equal: return left <= right;
    case ExpressionKind::greater: return left > right;
    default: return left >= right;
  }
}

Fault blame(const Operands& operands, const Value& value, Fault fault) {
  *operands.blamed = &value;
  return fault;
}

}  // namespace

std::string describe(Fault fault, const Value& value, std::string_view name) {
  switch (fault) {
    case Fault::none: return "";
    case Fault::wants_bool: return typed("bool", value);
    case Fault::wants_long: return typed("long", value);
    case Fault::wants_string: return typed("string", value);
    case Fault::wants_entity: return typed("entity", value);
    case Fault::wants_set: return typed("set", value);
    case Fault::wants_entity_or_record: return typed("entity or record", value);
    case Fault::wants_entity_or_set: return typed("entity or set of entities", value);
    case Fault::wants_entities: return "every element of the set must be an entity";
    case Fault::wants_comparable: return typed("long, datetime or duration", value);
    case Fault::overflow: return "the result does not fit into 64 bits";
    case Fault::no_entity: {
      std::string text = value.as_entity() == nullptr ? "" : to_text(*value.as_entity());
      text += " does not exist";
      return text;
    }
    case Fault::no_attribute: return missing(value, "attribute", name);
    case Fault::no_tag: return missing(value, "tag", name);
    case Fault::extension: return "the extension function failed";
  }
  return "";
}

const Entity* EntityView::find(const EntityUid& uid) const {
  if (const Entity* const found = known_->find(uid)) return found;
  return extra_ != nullptr && extra_->uid == uid ? extra_ : nullptr;
}

bool EntityView::is_in(const EntityUid& uid, const EntityUid& ancestor) const {
  if (known_->is_in(uid, ancestor)) return true;
  if (extra_ == nullptr || !known_->is_in(uid, extra_->uid)) return false;
  return std::binary_search(extra_ancestors_.begin(), extra_ancestors_.end(), ancestor);
}

Fault compare(ExpressionKind kind, const Operands& operands, bool& result) {
  const Value& left = operands.left;
  const Value& right = operands.right;
  const auto is_comparable = [](const Value& value) {
    return value.kind() == ValueKind::integer || value.kind() == ValueKind::datetime ||
           value.kind() == ValueKind::duration;
  };
  if (!is_comparable(left)) return blame(operands, left, Fault::wants_comparable);
  if (left.kind() != right.kind()) {
    const bool is_long = left.kind() == ValueKind::integer;
    return blame(operands, right, is_long ? Fault::wants_long : Fault::wants_comparable);
  }
  if (const auto* number = left.as_integer()) {
    result = ordered(kind, *number, *right.as_integer());
  } else if (const auto* datetime = left.as_datetime()) {
    result = ordered(kind, *datetime, *right.as_datetime());
  } else {
    result = ordered(kind, *left.as_duration(), *right.as_duration());
  }
  return Fault::none;
}

Fault arithmetic(ExpressionKind kind, const Operands& operands, std::int64_t& result) {
  const std::int64_t* const left = operands.left.as_integer();
  const std::int64_t* const right = operands.right.as_integer();
  if (left == nullptr) return blame(operands, operands.left, Fault::wants_long);
  if (right == nullptr) return blame(operands, operands.right, Fault::wants_long);
  bool overflows = false;
  switch (kind) {
    case ExpressionKind::plus: overflows = __builtin_add_overflow(*left, *right, &result); break;
    case ExpressionKind::subtract:
      overflows = __builtin_sub_overflow(*left, *right, &result);
      break;
    default: overflows = __builtin_mul_overflow(*left, *right, &result); break;
  }
  return overflows ? blame(operands, operands.left, Fault::overflow) : Fault::none;
}

Fault is_in(const EntityView& entities, const Operands& operands, bool& result) {
  const EntityUid* const uid = operands.left.as_entity();
  if (uid == nullptr) return blame(operands, operands.left, Fault::wants_entity);
  if (const EntityUid* const ancestor = operands.right.as_entity()) {
    result = entities.is_in(*uid, *ancestor);
    return Fault::none;
  }
  const Set* const set = operands.right.as_set();
  if (set == nullptr) return blame(operands, operands.right, Fault::wants_entity_or_set);
  // All must be entities, even where an early one settles the question.
  for (const Value& each : set->values()) {
    if (each.as_entity() == nullptr) return blame(operands, operands.right, Fault::wants_entities);
  }
  result = std::any_of(set->values().begin(), set->values().end(),
                       [&](const Value& each) { return entities.is_in(*uid, *each.as_entity()); });
  return Fault::none;
}

Fault contains(ExpressionKind kind, const Operands& operands, bool& result) {
  const Set* const left = operands.left.as_set();
  if (left == nullptr) return blame(operands, operands.left, Fault::wants_set);
  if (kind == ExpressionKind::contains) {
    result = left->contains(operands.right);
    return Fault::none;
  }
  const Set* const right = operands.right.as_set();
  if (right == nullptr) return blame(operands, operands.right, Fault::wants_set);
  result = kind == ExpressionKind::contains_all ? left->contains_all(*right)
                                                : left->contains_any(*right);
  return Fault::none;
}

Fault has_tag(const EntityView& entities, const Operands& operands, bool& result) {
  const EntityUid* const uid = operands.left.as_entity();
  const std::string* const tag = operands.right.as_string();
  if (uid == nullptr) return blame(operands, operands.left, Fault::wants_entity);
  if (tag == nullptr) return blame(operands, operands.right, Fault::wants_string);
  const Entity* const entity = entities.find(*uid);
  result = entity != nullptr && entity->tags.find(*tag) != nullptr;
  return Fault::none;
}

Fault get_tag(const EntityView& entities, const Operands& operands, const Value*& result) {
  const EntityUid* const uid = operands.left.as_entity();
  const std::string* const tag = operands.right.as_string();
  if (uid == nullptr) return blame(operands, operands.left, Fault::wants_entity);
  if (tag == nullptr) return blame(operands, operands.right, Fault::wants_string);
  const Entity* const entity = entities.find(*uid);
  if (entity == nullptr) return blame(operands, operands.left, Fault::no_entity);
  result = entity->tags.find(*tag);
  return result == nullptr ? blame(operands, operands.left, Fault::no_tag) : Fault::none;
}

Fault get_attribute(const EntityView& entities, const Value& value, std::string_view name,
                    const Value*& result) {
  const Record* attributes = value.as_record();
  if (const EntityUid* const uid = value.as_entity()) {
    const Entity* const entity = entities.find(*uid);
    if (entity == nullptr) return Fault::no_entity;
    attributes = &entity->attributes;
  }
  if (attributes == nullptr) return Fault::wants_entity_or_record;
  result = attributes->find(name);
  return result == nullptr ? Fault::no_attribute : Fault::none;
}

Fault has_attributes(const EntityView& entities, const Value& value,
                     std::span<const std::string> names, bool& result, const Value** blamed) {
  const Value* at = &value;
  for (const std::string& name : names) {
    const Value* next = nullptr;
    const Fault fault = get_attribute(entities, *at, name, next);
    if (fault == Fault::wants_entity_or_record) {
      *blamed = at;
      return fault;
    }
    result = fault == Fault::none;
    if (!result) return Fault::none;
    at = next;
  }
  return Fault::none;
}

bool matches(const Pattern& pattern, std::string_view text) {
  const std::vector<std::string>& pieces = pattern.pieces;
  if (!text.starts_with(pieces.front())) return false;
  if (pieces.size() == 1) return text.size() == pieces.front().size();
  text.remove_prefix(pieces.front().size());
  // Each piece where it first fits: a later place could only leave less for those behind it.
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const std::size_t found = text.find(pieces[i]);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + pieces[i].size());
  }
  return text.ends_with(pieces.back());
}

}  // namespace wenyuan::auth::cedar
