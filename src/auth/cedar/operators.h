// What the operators of Cedar do with values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "auth/cedar/ast.h"
#include "auth/cedar/entities.h"
#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar {

// Why an operator has no result. Small, because a policy that fails may fail for every resource;
// words are found only when somebody wants to read them.
enum class Fault : std::uint8_t {
  none,
  wants_bool,
  wants_long,
  wants_string,
  wants_entity,
  wants_set,
  wants_entity_or_record,
  wants_entity_or_set,
  wants_entities,
  wants_comparable,
  overflow,
  no_entity,
  no_attribute,
  no_tag,
  extension,  // the extension function says why
};

// One sentence; `value` is the operand that is to blame, `name` the attribute or tag.
std::string describe(Fault fault, const Value& value, std::string_view name = "");

// The entities of a store, with one more that the store lacks.
class EntityView {
 public:
  explicit EntityView(const Entities& known) : known_(&known) {}
  // `extra_ancestors` are all of them, sorted. What is in the store comes before `extra`.
  EntityView(const Entities& known, const Entity& extra, std::span<const EntityUid> extra_ancestors)
      : known_(&known), extra_(&extra), extra_ancestors_(extra_ancestors) {}

  const Entity* find(const EntityUid& uid) const;
  bool is_in(const EntityUid& uid, const EntityUid& ancestor) const;

 private:
  const Entities* known_;
  const Entity* extra_ = nullptr;
  std::span<const EntityUid> extra_ancestors_;
};

// Each sets `result` when it returns Fault::none. `blamed` is the operand that a fault is about.
struct Operands {
  const Value& left;
  const Value& right;
  const Value** blamed;
};

Fault compare(ExpressionKind kind, const Operands& operands, bool& result);             // < <= > >=
Fault arithmetic(ExpressionKind kind, const Operands& operands, std::int64_t& result);  // + - *
Fault is_in(const EntityView& entities, const Operands& operands, bool& result);
Fault contains(ExpressionKind kind, const Operands& operands, bool& result);  // and …All, …Any
Fault has_tag(const EntityView& entities, const Operands& operands, bool& result);
Fault get_tag(const EntityView& entities, const Operands& operands, const Value*& result);

Fault get_attribute(const EntityView& entities, const Value& value, std::string_view name,
                    const Value*& result);
// `blamed` as above: what is not an entity or a record may be an attribute on the way.
Fault has_attributes(const EntityView& entities, const Value& value,
                     std::span<const std::string> names, bool& result, const Value** blamed);

bool matches(const Pattern& pattern, std::string_view text);

}  // namespace wenyuan::auth::cedar
