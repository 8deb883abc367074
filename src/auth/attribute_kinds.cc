#include "auth/attribute_kinds.h"

#include <algorithm>
#include <set>
#include <utility>

#include "auth/policy/levels.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

using cedar::AttributeKind;
using cedar::DeclaredAttribute;
using cedar::Value;

constexpr std::size_t kLevelsMax = 64;
constexpr std::size_t kLevelSizeMax = 64;

const AttributeKinds::Levels& usual_levels() {
  static const AttributeKinds::Levels levels(policy::kLevels.begin(), policy::kLevels.end());
  return levels;
}

Error wrong(const DeclaredAttribute& attribute, std::string_view what) {
  std::string message = "the attribute ";
  message.append(attribute.name).append(": ").append(what);
  return {ErrorCode::invalid_argument, std::move(message)};
}

Status check_levels(const DeclaredAttribute& attribute) {
  if (attribute.kind != AttributeKind::level) {
    if (attribute.levels.empty()) return Done{};
    return wrong(attribute, "levels belong to the kind \"level\"");
  }
  const std::set<std::string> names(attribute.levels.begin(), attribute.levels.end());
  const bool sized = attribute.levels.size() >= 2 && attribute.levels.size() <= kLevelsMax;
  if (!sized || names.size() != attribute.levels.size()) {
    return wrong(attribute, "expected 2 to 64 different levels, the lowest first");
  }
  const bool named = std::ranges::all_of(names, [](const std::string& name) {
    return !name.empty() && name.size() <= kLevelSizeMax && is_utf8(name);
  });
  if (!named) return wrong(attribute, "a level is a text of 1 to 64 bytes");
  return Done{};
}

Value plain_value(const AttributeValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return Value(*flag);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return Value(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return Value(*text);
  std::vector<Value> values;
  for (const std::string& text : std::get<std::vector<std::string>>(value)) {
    values.emplace_back(text);
  }
  return Value(cedar::Set(std::move(values)));
}

std::vector<DeclaredAttribute>& with_levels(std::vector<DeclaredAttribute>& attributes) {
  for (DeclaredAttribute& each : attributes) {
    if (each.kind == AttributeKind::level && each.levels.empty()) each.levels = usual_levels();
  }
  return attributes;
}

}  // namespace

AttributeKinds AttributeKinds::guessed(store::AccessAttributes access) {
  AttributeKinds kinds;
  kinds.access_ = std::move(access);
  std::ranges::sort(kinds.access_);
  kinds.attributes_ = cedar::usual_attributes(kinds.access_);
  kinds.common_ = usual_levels();
  return kinds;
}

Result<AttributeKinds> AttributeKinds::declared(cedar::SchemaAttributes attributes) {
  AttributeKinds kinds;
  kinds.is_guessed_ = false;
  std::set<Levels> scales;
  for (auto* list : {&attributes.user, &attributes.resource}) {
    for (const DeclaredAttribute& each : with_levels(*list)) {
      WY_RETURN_IF_ERROR(check_levels(each));
      if (each.kind == AttributeKind::level) scales.insert(each.levels);
    }
    std::ranges::sort(*list, {}, &DeclaredAttribute::name);
  }
  if (scales.size() == 1) kinds.common_ = *scales.begin();
  WY_RETURN_IF_ERROR(cedar::schema_text(attributes));
  for (const DeclaredAttribute& each : attributes.resource) kinds.access_.push_back(each.name);
  kinds.attributes_ = std::move(attributes);
  return kinds;
}

const DeclaredAttribute* AttributeKinds::find(AttributeOwner owner, std::string_view name) const {
  const auto& list = owner == AttributeOwner::user ? attributes_.user : attributes_.resource;
  const auto found = std::ranges::lower_bound(list, name, {}, &DeclaredAttribute::name);
  return found != list.end() && found->name == name ? &*found : nullptr;
}

Status AttributeKinds::check(AttributeOwner owner, const Attributes& values) const {
  if (is_guessed_) return Done{};
  for (const auto& [name, value] : values) {
    const DeclaredAttribute* attribute = find(owner, name);
    if (attribute != nullptr) WY_RETURN_IF_ERROR(cedar::attribute_value(*attribute, value));
  }
  return Done{};
}

Value AttributeKinds::value(AttributeOwner owner, const std::string& name,
                            const AttributeValue& value) const {
  if (is_guessed_) {
    const auto* text = std::get_if<std::string>(&value);
    const auto level =
        text != nullptr && policy::is_level_attribute(name) ? policy::level(*text) : std::nullopt;
    return level ? Value(std::int64_t{*level}) : plain_value(value);
  }
  const DeclaredAttribute* attribute = find(owner, name);
  if (attribute == nullptr) return plain_value(value);
  auto made = cedar::attribute_value(*attribute, value);
  return made ? *std::move(made) : plain_value(value);
}

const AttributeKinds::Levels* AttributeKinds::levels(AttributeOwner owner,
                                                     std::string_view name) const {
  if (is_guessed_) return policy::is_level_attribute(name) ? &usual_levels() : nullptr;
  const DeclaredAttribute* attribute = find(owner, name);
  if (attribute == nullptr || attribute->kind != AttributeKind::level) return nullptr;
  return &attribute->levels;
}

std::optional<std::int64_t> level_number(const AttributeKinds::Levels& levels,
                                         std::string_view text) {
  const auto found = std::ranges::find(levels, text);
  if (found == levels.end()) return std::nullopt;
  return found - levels.begin();
}

}  // namespace wenyuan::auth
