// The types of Cedar values, as a schema declares them and the validator finds them.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace wenyuan::auth::cedar {

// A type may stand for at most so many types when everything inside it is written out, and be so
// deep: common types that name each other twice would double with every step.
constexpr std::size_t kTypeSizeMax = 50'000;
constexpr std::size_t kTypeDepthMax = 64;

enum class TypeKind {
  always_true,  // booleans whose value is known before there is a request
  always_false,
  boolean,
  integer,
  text,
  set,
  record,
  entity,
  extension,
};

struct Type;

struct AttributeType {
  const Type* type = nullptr;
  bool required = true;
};
using AttributeTypes = std::map<std::string, AttributeType, std::less<>>;

// Made by a TypeTable, which it must not outlive; never changed.
struct Type {
  TypeKind kind = TypeKind::boolean;
  const Type* element = nullptr;  // of a set
  AttributeTypes attributes{};    // of a record
  std::string name{};             // of an entity type ("Ns::User") or an extension type ("ipaddr")
  std::size_t size = 1;           // types inside, itself included
  std::size_t depth = 1;
};

// Those without parts; they live as long as the program.
const Type* primitive(TypeKind kind);
const Type* singleton(bool value);
// decimal, ipaddr, datetime or duration; null for any other name.
const Type* extension_type(std::string_view name);

// Owns types. Not thread-safe while types are made; moving it keeps their addresses.
class TypeTable {
 public:
  const Type* set(const Type* element);
  const Type* record(AttributeTypes attributes);
  const Type* entity(std::string name);
  void clear() { types_.clear(); }

 private:
  std::deque<Type> types_;
};

bool is_boolean(const Type& type);
bool too_large(const Type& type);

// Whether every value of `narrow` is one of `wide`, by the rules of strict validation: records have
// the same attributes, each required in both or in none.
bool is_subtype(const Type& narrow, const Type& wide);

// Why two types have no common one.
enum class Mismatch { kind, entity_type, record_width, attribute_required };

struct UpperBound {
  const Type* type = nullptr;  // null: there is none
  Mismatch why = Mismatch::kind;
};
// The least type that both are subtypes of, in strict mode; a new type is made in `table`.
UpperBound upper_bound(const Type& left, const Type& right, TypeTable& table);

// As it is written in a schema; long records are cut.
std::string describe(const Type& type);
// One sentence part on how to repair it; empty when the types say it all.
std::string_view advice(Mismatch why);

}  // namespace wenyuan::auth::cedar
