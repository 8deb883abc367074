#include "auth/cedar/type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::size_t kDescribedMax = 400;

std::size_t sum(std::size_t left, std::size_t right) {
  // Saturates far above the limit, so that no chain of records can wrap around.
  return std::min(left + right, kTypeSizeMax * 4);
}

bool is_record_subtype(const AttributeTypes& narrow, const AttributeTypes& wide) {
  if (narrow.size() != wide.size()) return false;
  auto other = wide.begin();
  for (const auto& [name, attribute] : narrow) {
    if (name != other->first || attribute.required != other->second.required) return false;
    if (!is_subtype(*attribute.type, *other->second.type)) return false;
    ++other;
  }
  return true;
}

UpperBound record_bound(const Type& left, const Type& right, TypeTable& table) {
  if (left.attributes.size() != right.attributes.size()) return {nullptr, Mismatch::record_width};
  AttributeTypes attributes;
  auto other = right.attributes.begin();
  for (const auto& [name, attribute] : left.attributes) {
    if (name != other->first) return {nullptr, Mismatch::record_width};
    const UpperBound bound = upper_bound(*attribute.type, *other->second.type, table);
    if (bound.type == nullptr) return bound;
    if (attribute.required != other->second.required) {
      return {nullptr, Mismatch::attribute_required};
    }
    attributes.emplace(name, AttributeType{bound.type, attribute.required});
    ++other;
  }
  return {table.record(std::move(attributes))};
}

void append(const Type& type, std::string& text) {
  if (text.size() > kDescribedMax) return;
  switch (type.kind) {
    case TypeKind::always_true: text.append("true"); return;
    case TypeKind::always_false: text.append("false"); return;
    case TypeKind::boolean: text.append("Bool"); return;
    case TypeKind::integer: text.append("Long"); return;
    case TypeKind::text: text.append("String"); return;
    case TypeKind::entity:
    case TypeKind::extension: text.append(type.name); return;
    case TypeKind::set:
      text.append("Set<");
      append(*type.element, text);
      text.append(">");
      return;
    case TypeKind::record: break;
  }
  text.append("{");
  std::string_view separator;
  for (const auto& [name, attribute] : type.attributes) {
    if (text.size() > kDescribedMax) {
      text.append("…");
      break;
    }
    text.append(separator).append(name).append(attribute.required ? ": " : "?: ");
    append(*attribute.type, text);
    separator = ", ";
  }
  text.append("}");
}

}  // namespace

const Type* primitive(TypeKind kind) {
  static const std::array<Type, 5> kPrimitives = {
      Type{TypeKind::always_true}, Type{TypeKind::always_false}, Type{TypeKind::boolean},
      Type{TypeKind::integer}, Type{TypeKind::text}};
  const auto at = static_cast<std::size_t>(kind);
  WY_ASSERT(at < kPrimitives.size());
  return &kPrimitives[at];
}

const Type* singleton(bool value) {
  return primitive(value ? TypeKind::always_true : TypeKind::always_false);
}

const Type* extension_type(std::string_view name) {
  static const std::array<Type, 4> kExtensions = {
      Type{TypeKind::extension, nullptr, {}, "decimal"},
      Type{TypeKind::extension, nullptr, {}, "ipaddr"},
      Type{TypeKind::extension, nullptr, {}, "datetime"},
      Type{TypeKind::extension, nullptr, {}, "duration"}};
  for (const Type& type : kExtensions) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

const Type* TypeTable::set(const Type* element) {
  Type& made = types_.emplace_back();
  made.kind = TypeKind::set;
  made.element = element;
  made.size = sum(1, element->size);
  made.depth = element->depth + 1;
  return &made;
}

const Type* TypeTable::record(AttributeTypes attributes) {
  Type& made = types_.emplace_back();
  made.kind = TypeKind::record;
  made.attributes = std::move(attributes);
  for (const auto& [name, attribute] : made.attributes) {
    made.size = sum(made.size, attribute.type->size);
    made.depth = std::max(made.depth, attribute.type->depth + 1);
  }
  return &made;
}

const Type* TypeTable::entity(std::string name) {
  Type& made = types_.emplace_back();
  made.kind = TypeKind::entity;
  made.name = std::move(name);
  return &made;
}

bool is_boolean(const Type& type) {
  return type.kind == TypeKind::boolean || type.kind == TypeKind::always_true ||
         type.kind == TypeKind::always_false;
}

bool too_large(const Type& type) { return type.size > kTypeSizeMax || type.depth > kTypeDepthMax; }

bool is_subtype(const Type& narrow, const Type& wide) {
  if (&narrow == &wide) return true;
  if (wide.kind == TypeKind::boolean) return is_boolean(narrow);
  if (narrow.kind != wide.kind) return false;
  switch (narrow.kind) {
    case TypeKind::entity:
    case TypeKind::extension: return narrow.name == wide.name;
    case TypeKind::set: return is_subtype(*narrow.element, *wide.element);
    case TypeKind::record: return is_record_subtype(narrow.attributes, wide.attributes);
    case TypeKind::always_true:
    case TypeKind::always_false:
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::text: return true;
  }
  return false;
}

UpperBound upper_bound(const Type& left, const Type& right, TypeTable& table) {
  if (&left == &right) return {&right};
  if (is_boolean(left) && is_boolean(right)) {
    return {left.kind == right.kind ? &left : primitive(TypeKind::boolean)};
  }
  if (left.kind != right.kind) return {};
  switch (left.kind) {
    case TypeKind::entity:
      if (left.name != right.name) return {nullptr, Mismatch::entity_type};
      return {&right};
    case TypeKind::extension:
      if (left.name != right.name) return {};
      return {&right};
    case TypeKind::set: {
      const UpperBound bound = upper_bound(*left.element, *right.element, table);
      if (bound.type == nullptr || bound.type == left.element)
        return {bound.type ? &left : nullptr, bound.why};
      return {bound.type == right.element ? &right : table.set(bound.type)};
    }
    case TypeKind::record:
      if (is_subtype(left, right)) return {&right};
      return record_bound(left, right, table);
    case TypeKind::always_true:
    case TypeKind::always_false:
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::text: return {&right};
  }
  return {};
}

std::string describe(const Type& type) {
  std::string text;
  append(type, text);
  return text;
}

std::string_view advice(Mismatch why) {
  switch (why) {
    case Mismatch::kind: return "";
    case Mismatch::entity_type: return "only entities of the same type may stand in one place";
    case Mismatch::record_width: return "both records need exactly the same attributes";
    case Mismatch::attribute_required:
      return "an attribute must be optional in both records or in none";
  }
  return "";
}

}  // namespace wenyuan::auth::cedar
