// Values of the brute-force evaluator: as plain as can be, and nothing of the real ones in them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar::testing {

struct Brute {
  enum class Kind { boolean, integer, text, entity, set, record, decimal, ip, datetime, duration };

  Kind kind = Kind::boolean;
  std::int64_t number = 0;      // of a boolean, an integer, a decimal, a datetime, a duration
  std::string text;             // of a text; the type of an entity; the bytes of an address
  std::string id;               // of an entity
  std::vector<Brute> elements;  // of a set; repeated ones may be there
  std::map<std::string, Brute> fields;
  int bits = 0;  // the prefix of an address

  static Brute boolean(bool value) { return {Kind::boolean, value ? 1 : 0, {}, {}, {}, {}, 0}; }
  static Brute of(Kind kind, std::int64_t number) { return {kind, number, {}, {}, {}, {}, 0}; }
};

bool same(const Brute& left, const Brute& right);

Brute from_value(const Value& value);

// An extension function on its arguments; nothing when it fails.
std::optional<Brute> call_brute(const std::string& function, const std::vector<Brute>& arguments);

}  // namespace wenyuan::auth::cedar::testing
