// What an expression evaluates to.
//
// A value never changes. Copying one is cheap, except that strings and uids are copied: sets and
// records are shared.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "auth/cedar/entity_uid.h"
#include "auth/cedar/extension_value.h"

namespace wenyuan::auth::cedar {

enum class ValueKind : std::uint8_t {
  boolean,
  integer,
  string,
  entity,
  set,
  record,
  decimal,
  ip_address,
  datetime,
  duration,
};

// As Cedar's messages name the type: bool, long, string, (entity), set, record, decimal, ipaddr, …
std::string_view name(ValueKind kind);

class Value;
class Set;
class Record;

class Value {
 public:
  // Implicit, so that a literal can stand where a value is wanted.
  Value(bool value) : state_(value) {}                    // NOLINT
  Value(std::int64_t value) : state_(value) {}            // NOLINT
  Value(std::string value) : state_(std::move(value)) {}  // NOLINT
  Value(EntityUid value) : state_(std::move(value)) {}    // NOLINT
  Value(Set value);                                       // NOLINT
  Value(Record value);                                    // NOLINT
  Value(Decimal value) : state_(value) {}                 // NOLINT
  Value(IpAddress value) : state_(value) {}               // NOLINT
  Value(Datetime value) : state_(value) {}                // NOLINT
  Value(Duration value) : state_(value) {}                // NOLINT
  Value(const char*) = delete;                            // would quietly become a bool

  ValueKind kind() const { return static_cast<ValueKind>(state_.index()); }

  // Null when the value is of another kind.
  const bool* as_bool() const { return std::get_if<bool>(&state_); }
  const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&state_); }
  const std::string* as_string() const { return std::get_if<std::string>(&state_); }
  const EntityUid* as_entity() const { return std::get_if<EntityUid>(&state_); }
  const Set* as_set() const;
  const Record* as_record() const;
  const Decimal* as_decimal() const { return std::get_if<Decimal>(&state_); }
  const IpAddress* as_ip_address() const { return std::get_if<IpAddress>(&state_); }
  const Datetime* as_datetime() const { return std::get_if<Datetime>(&state_); }
  const Duration* as_duration() const { return std::get_if<Duration>(&state_); }

  // Values of different kinds are never equal. The order is total, but means nothing.
  bool operator==(const Value& other) const { return equal(*this, other); }
  std::strong_ordering operator<=>(const Value& other) const { return compare(*this, other); }

 private:
  static bool equal(const Value& left, const Value& right);
  static std::strong_ordering compare(const Value& left, const Value& right);

  // In the order of ValueKind.
  std::variant<bool, std::int64_t, std::string, EntityUid, std::shared_ptr<const Set>,
               std::shared_ptr<const Record>, Decimal, IpAddress, Datetime, Duration>
      state_;
};

// Values without repetition, in the order of Value.
class Set {
 public:
  Set() = default;
  explicit Set(std::vector<Value> values);

  const std::vector<Value>& values() const { return values_; }
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  bool contains(const Value& value) const;
  bool contains_all(const Set& other) const;
  bool contains_any(const Set& other) const;

 private:
  std::vector<Value> values_;  // sorted
};

// Attributes by name, in the order of their names.
class Record {
 public:
  using Attribute = std::pair<std::string, Value>;

  Record() = default;
  // The last one counts where a name is repeated.
  explicit Record(std::vector<Attribute> attributes);

  const std::vector<Attribute>& attributes() const { return attributes_; }
  bool empty() const { return attributes_.empty(); }
  const Value* find(std::string_view name) const;  // null when there is none

 private:
  std::vector<Attribute> attributes_;  // sorted by name
};

// As an expression that evaluates to it: {"a": [1, User::"x"], "b": decimal("0.5")}.
std::string to_text(const Value& value);

}  // namespace wenyuan::auth::cedar
