// What a schema says about a place in a JSON document, so that short forms can be understood.
//
// Without a hint a JSON string is a string; with the hint that a decimal belongs there, "0.8" is
// one. A schema makes hints; the reader of entities and contexts only follows them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace wenyuan::auth::cedar {

struct JsonHint {
  // `other` is anything whose form in JSON says what it is: bool, long, string, unknown.
  enum class Kind { other, entity, extension, set, record };

  Kind kind = Kind::other;
  std::string constructor;                  // of an extension: decimal, ip, datetime, duration
  std::shared_ptr<const JsonHint> element;  // of a set; may be null
  std::map<std::string, JsonHint, std::less<>> attributes;  // of a record
};

// The hints for entities, asked by type. Null: nothing is known.
class EntityHints {
 public:
  virtual ~EntityHints() = default;
  virtual const JsonHint* attributes(std::string_view entity_type) const = 0;  // a record
  virtual const JsonHint* tags(std::string_view entity_type) const = 0;        // of each tag
};

}  // namespace wenyuan::auth::cedar
