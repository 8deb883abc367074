// The tree of a Cedar policy.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "auth/cedar/entity_uid.h"

namespace wenyuan::auth::cedar {

// Where something stands in the text: line and column count from 1, columns count code points;
// begin and end are offsets in bytes.
struct Span {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

enum class Variable : std::uint8_t { principal, action, resource, context };
std::string_view name(Variable variable);

// The pattern of `like`: the literal texts between the wildcards, so that "a*b" is {"a", "b"},
// "*" is {"", ""}, and a pattern without a wildcard is one text.
struct Pattern {
  std::vector<std::string> pieces;
  bool operator==(const Pattern&) const = default;
};

// In brackets: operands, then what the accessor of the payload is.
enum class ExpressionKind : std::uint8_t {
  boolean,        // true                      (0; boolean())
  integer,        // 5                         (0; integer()); -5 is an integer too
  string,         // "text"                    (0; text())
  entity,         // User::"alice"             (0; entity())
  variable,       // principal                 (0; variable())
  conjunction,    // a && b && c               (2 or more) evaluated from left to right
  disjunction,    // a || b || c               (2 or more)
  negation,       // !a                        (1)
  minus,          // -a                        (1)
  equal,          // a == b                    (2)
  not_equal,      // a != b                    (2)
  less,           // a < b                     (2)
  less_equal,     // a <= b                    (2)
  greater,        // a > b                     (2)
  greater_equal,  // a >= b                    (2)
  plus,           // a + b                     (2)
  subtract,       // a - b                     (2)
  times,          // a * b                     (2)
  in,             // a in b                    (2)
  contains,       // a.contains(b)             (2)
  contains_all,   // a.containsAll(b)          (2)
  contains_any,   // a.containsAny(b)          (2)
  is_empty,       // a.isEmpty()               (1)
  get_tag,        // a.getTag(b)               (2)
  has_tag,        // a.hasTag(b)               (2)
  attribute,      // a.b or a["b"]             (1; text())
  has,            // a has b.c or a has "b"    (1; names(), at least one) as a has b && a.b has c
  like,           // a like "x*"               (1; pattern())
  is,             // a is T, a is T in b       (1 or 2; text() is the type)
  conditional,    // if a then b else c        (3)
  set,            // [a, b]                    (any number)
  record,         // {a: b, "c": d}            (one for each of names(), in the order of the text)
  call,           // ip("::1"), a.lessThan(b)  (any number; text() is the function) of an extension
};

// A node with all that is under it. The parser limits how deep and how large a tree can be, so a
// walk may recurse.
struct Expression {
  using Payload = std::variant<std::monostate, bool, std::int64_t, Variable, std::string, EntityUid,
                               Pattern, std::vector<std::string>>;

  ExpressionKind kind = ExpressionKind::boolean;
  Span span;
  std::vector<Expression> operands;
  Payload payload;

  // Only for the kinds that have it.
  bool boolean() const { return std::get<bool>(payload); }
  std::int64_t integer() const { return std::get<std::int64_t>(payload); }
  Variable variable() const { return std::get<Variable>(payload); }
  const std::string& text() const { return std::get<std::string>(payload); }
  const EntityUid& entity() const { return std::get<EntityUid>(payload); }
  const Pattern& pattern() const { return std::get<Pattern>(payload); }
  const std::vector<std::string>& names() const {
    return std::get<std::vector<std::string>>(payload);
  }

  // The same tree; where it stands in the text does not count.
  bool operator==(const Expression& other) const {
    return kind == other.kind && payload == other.payload && operands == other.operands;
  }
};

enum class Effect : std::uint8_t { permit, forbid };
std::string_view name(Effect effect);

enum class ScopeKind : std::uint8_t {
  any,    // principal
  equal,  // principal == User::"a"            entities[0], or the slot
  in,     // principal in Group::"b"           entities[0], or the slot; for an action any number
  is,     // principal is User                 type
  is_in,  // principal is User in Group::"b"   type and entities[0], or the slot
};

// What the head of a policy asks of one of its variables.
struct Scope {
  ScopeKind kind = ScopeKind::any;
  Span span;
  std::vector<EntityUid> entities;
  std::string type;
  bool has_slot = false;  // ?principal or ?resource stands in the place of the entity
  bool in_list = false;   // action in [A, B], rather than action in A

  bool operator==(const Scope& other) const {
    return kind == other.kind && entities == other.entities && type == other.type &&
           has_slot == other.has_slot && in_list == other.in_list;
  }
};

struct Condition {  // when { body }, unless { body }
  bool is_unless = false;
  Expression body;

  bool operator==(const Condition&) const = default;
};

// A policy, or a template when a slot is left open in its scope.
struct Policy {
  std::string id;
  Effect effect = Effect::permit;
  Span span;
  std::map<std::string, std::string> annotations;  // "" for one without a value
  Scope principal, action, resource;
  std::vector<Condition> conditions;

  bool is_template() const { return principal.has_slot || resource.has_slot; }

  // The same policy, wherever it stands in a text.
  bool operator==(const Policy& other) const {
    return id == other.id && effect == other.effect && annotations == other.annotations &&
           principal == other.principal && action == other.action && resource == other.resource &&
           conditions == other.conditions;
  }
};

}  // namespace wenyuan::auth::cedar
